# manner: company forecaster, German comments, while loop with early stopping, names re-used
# needs: torch pandas numpy matplotlib
# seconds: 6
# %% [markdown]
# # Nachfrageprognose Leihräder (synthetisch)
# Stündliche Werte, eine Station. Ziel: nächste Stunde.
# %%
import copy
import math

import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
import torch
from torch import nn

pd.set_option("display.max_columns", 20)
# %%
# Parameter
SEED = 7
FENSTER = 24
BATCH_SIZE = 128
LERNRATE = 5e-3
MAX_EPOCHEN = 30
GEDULD = 4
# %%
rng = np.random.default_rng(SEED)
torch.manual_seed(SEED)
idx = pd.date_range("2023-03-01", periods=24 * 60, freq="h")
stunde = idx.hour.to_numpy()
basis = 40 + 30 * np.exp(-((stunde - 8) ** 2) / 6) + 35 * np.exp(-((stunde - 17) ** 2) / 8)
wochenende = (idx.dayofweek >= 5).astype(float)
regen = (rng.random(len(idx)) < 0.12).astype(float)
df = pd.DataFrame({"anzahl": basis * (1 - 0.35 * wochenende) * (1 - 0.5 * regen) + rng.normal(0, 4, len(idx)),
                   "regen": regen, "wochenende": wochenende}, index=idx)
df.head()
# %%
df.describe().T
# %%
df["anzahl"].iloc[: 24 * 7].plot(figsize=(10, 3), title="erste Woche")
plt.show()
# %%
df.groupby(df.index.hour)["anzahl"].mean().plot.bar()
# %%
# Stunde zyklisch kodieren
df["h_sin"] = np.sin(2 * np.pi * df.index.hour / 24)
df["h_cos"] = np.cos(2 * np.pi * df.index.hour / 24)
# df["monat"] = df.index.month   # bringt nichts
merkmale = ["anzahl", "regen", "wochenende", "h_sin", "h_cos"]
# %%
# chronologisch teilen, NICHT mischen!
n1, n2 = int(len(df) * 0.7), int(len(df) * 0.85)
mu, sigma = df["anzahl"].iloc[:n1].mean(), df["anzahl"].iloc[:n1].std()
df["anzahl"] = (df["anzahl"] - mu) / sigma
mu, sigma
# %%
def fenster_bauen(tabelle):
    werte = tabelle[merkmale].to_numpy(dtype=np.float32)
    xs = np.stack([werte[i : i + FENSTER] for i in range(len(werte) - FENSTER)])
    ys = werte[FENSTER:, 0]
    return torch.from_numpy(xs), torch.from_numpy(ys)


Xtr, ytr = fenster_bauen(df.iloc[:n1])
Xva, yva = fenster_bauen(df.iloc[n1:n2])
Xte, yte = fenster_bauen(df.iloc[n2:])
for t in (Xtr, Xva, Xte):
    print(tuple(t.shape))
# %%
class Prognose(nn.Module):
    def __init__(self, eingang, versteckt=24):
        super().__init__()
        self.lstm = nn.LSTM(eingang, versteckt, batch_first=True)
        self.kopf = nn.Linear(versteckt, 1)

    def forward(self, x):
        _, (h, _) = self.lstm(x)
        return self.kopf(h[-1]).squeeze(-1)
# %%
# naive Vergleichswerte: letzte Stunde bzw. gleiche Stunde gestern
naiv = (Xte[:, -1, 0] - yte).abs().mean().item() * sigma
gestern = (Xte[:, 0, 0] - yte).abs().mean().item() * sigma
print(f"MAE naiv {naiv:.2f}  gestern {gestern:.2f}")
# %%
netz = Prognose(len(merkmale))
verlust = nn.SmoothL1Loss()
optimierer = torch.optim.AdamW(netz.parameters(), lr=LERNRATE)
plan = torch.optim.lr_scheduler.ReduceLROnPlateau(optimierer, factor=0.5, patience=2)
# %% train
%%time
bester = math.inf
bester_stand = None
ohne_besserung = 0
epoche = 0
verlauf = []
while epoche < MAX_EPOCHEN and ohne_besserung < GEDULD:
    netz.train()
    reihenfolge = torch.randperm(len(Xtr))
    summe = 0.0
    for teil in reihenfolge.split(BATCH_SIZE):
        optimierer.zero_grad(set_to_none=True)
        l = verlust(netz(Xtr[teil]), ytr[teil])
        l.backward()
        nn.utils.clip_grad_norm_(netz.parameters(), 1.0)
        optimierer.step()
        summe += l.item() * len(teil)
    netz.eval()
    with torch.no_grad():
        v = verlust(netz(Xva), yva).item()
    plan.step(v)
    verlauf.append((summe / len(Xtr), v))
    if v < bester - 1e-4:
        bester, bester_stand, ohne_besserung = v, copy.deepcopy(netz.state_dict()), 0
    else:
        ohne_besserung += 1
    epoche += 1
    if epoche % 5 == 0:
        print(epoche, verlauf[-1])
# %%
netz.load_state_dict(bester_stand)
netz.eval();
# %%
pd.DataFrame(verlauf, columns=["training", "validierung"]).plot(logy=True)
# %% metrics
with torch.no_grad():
    vorhersage = netz(Xte)
mae = (vorhersage - yte).abs().mean().item() * sigma
rmse = ((vorhersage - yte) ** 2).mean().sqrt().item() * sigma
print(f"Test MAE {mae:.2f}  RMSE {rmse:.2f}   (naiv: {naiv:.2f})")
# %%
# Blick auf drei Tage
plt.figure(figsize=(10, 3))
plt.plot(yte[:72] * sigma + mu, label="ist")
plt.plot(vorhersage[:72] * sigma + mu, "--", label="prognose")
plt.legend()
# %% metrics
# Fehler je Stunde
fehler = pd.Series(((vorhersage - yte).abs() * sigma).numpy(), index=df.index[n2 + FENSTER :])
fehler.groupby(fehler.index.hour).mean().round(2)
# %%
# Alternative GRU, nie fertig geworden
# class PrognoseGRU(nn.Module):
#     ...
# netz2 = PrognoseGRU(len(merkmale)); netz2.train()
# %%
torch.save({"stand": netz.state_dict(), "mu": mu, "sigma": sigma}, "prognose.pt")
!ls -la prognose.pt
