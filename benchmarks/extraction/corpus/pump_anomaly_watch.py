# manner: a maintenance company's data scientist, anomaly detection, sensor files written and read, frames changed in place, IsolationForest, MLPRegressor as autoencoder, alarm thresholds
# needs: numpy pandas scikit-learn matplotlib joblib
# seconds: 3
# %% [markdown]
# # Pump station 4 - anomaly detection PoC
# Contact: M. Okafor, condition monitoring
#
# Data: simulated twin of pumps P1-P3 (the SCADA export is on the share).
# %%
import glob
import os
import pathlib
import joblib
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
from sklearn.preprocessing import StandardScaler, RobustScaler
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor
from sklearn.neural_network import MLPRegressor
from sklearn.decomposition import PCA
from sklearn.metrics import precision_recall_fscore_support, average_precision_score, precision_recall_curve

np.random.seed(4)
DATA = pathlib.Path("scada"); DATA.mkdir(exist_ok=True)
# %%
# -- simulate, one csv per pump
for pump in ["P1", "P2", "P3"]:
    n = 700
    flow = 60 + 8 * np.sin(np.arange(n) / 40) + np.random.randn(n) * 1.5
    press = 4 + .03 * flow + np.random.randn(n) * .08
    amp = 10 + .2 * flow + .5 * press + np.random.randn(n) * .4
    vib = 1.1 + .01 * flow + np.abs(np.random.randn(n)) * .1
    temp = 45 + pd.Series(amp).rolling(20, min_periods=1).mean().values * .4 + np.random.randn(n) * .5
    fault = np.zeros(n, int)
    for start in np.random.choice(np.arange(350, n - 25), 3, replace=False):
        kind = np.random.choice(["bearing", "cavitation", "stuck"])
        sl = slice(start, start + 15)
        if kind == "bearing": vib[sl] += .8; temp[sl] += 2
        elif kind == "cavitation": press[sl] -= .6; vib[sl] += .3
        else: flow[sl] = flow[start]; amp[sl] += 3
        fault[sl] = 1
    pd.DataFrame(dict(minute=np.arange(n) * 10, flow=flow, press=press, amp=amp, vib=vib, temp=temp, fault=fault)).to_csv(DATA / f"{pump}.csv", index=False)
# %%
!ls scada
# %%
frames = []
for f in sorted(glob.glob("scada/*.csv")):
    d = pd.read_csv(f)
    d["pump"] = os.path.basename(f)[:-4]
    frames.append(d)
raw = pd.concat(frames, ignore_index=True)
raw.groupby("pump").agg(["mean", "std"]).round(2)
# %%
fig, axs = plt.subplots(5, 1, sharex=True, figsize=(10, 7))
one = raw[raw.pump == "P2"]
for a, c in zip(axs, ["flow", "press", "amp", "vib", "temp"]):
    a.plot(one.minute, one[c], lw=.6); a.set_ylabel(c)
    a.fill_between(one.minute, one[c].min(), one[c].max(), where=one.fault == 1, color="r", alpha=.2)
# %%
SENSORS = ["flow", "press", "amp", "vib", "temp"]
def enrich(df, win=12):
    """adds rolling columns IN PLACE, per pump"""
    g = df.groupby("pump")
    for s in SENSORS:
        df[s + "_d"] = g[s].diff().fillna(0)
        df[s + "_sd"] = g[s].transform(lambda x: x.rolling(win, min_periods=1).std().fillna(0))
    df["eff"] = df["flow"] * df["press"] / df["amp"]

enrich(raw)
features = [c for c in raw.columns if c not in ("minute", "fault", "pump")]
len(features)
# %%
healthy = raw[raw.minute < 3500]
rest = raw[raw.minute >= 3500].copy()
print(healthy.fault.sum(), rest.fault.mean())
# %%
scaler = RobustScaler()
scaler.fit(healthy[features])
H = scaler.transform(healthy[features])
R = scaler.transform(rest[features])
# %%
pca = PCA(2).fit(H)
xy = pca.transform(R)
plt.scatter(xy[:, 0], xy[:, 1], c=rest.fault, cmap="coolwarm", s=4)
plt.title(f"explained {pca.explained_variance_ratio_.sum():.0%}")
# %% [markdown]
# ## Isolation forest
# %% train
iso = IsolationForest(n_estimators=100, contamination=.02, random_state=0, n_jobs=1).fit(H)
rest["iso"] = -iso.score_samples(R)
# %%
plt.figure(figsize=(10, 2))
plt.plot(rest["iso"].values, lw=.5)
plt.plot(np.where(rest.fault == 1, rest["iso"], np.nan), "r.")
plt.show()
# %% metrics
print("AP iso:", round(average_precision_score(rest.fault, rest["iso"]), 3))
p, r, f, _ = precision_recall_fscore_support(rest.fault, iso.predict(R) == -1, average="binary")
print(f"default threshold: P={p:.2f} R={r:.2f} F1={f:.2f}")
# %% [markdown]
# ## Autoencoder (an MLPRegressor that has to return its input)
# %%
ss = StandardScaler().fit(H)
H2, R2 = ss.transform(H).clip(-6, 6), ss.transform(R).clip(-6, 6)
# %% train
ae = MLPRegressor(hidden_layer_sizes=(12, 4, 12), activation="tanh", max_iter=120, early_stopping=True, random_state=np.random.randint(100))
ae.fit(H2, H2)
# %%
plt.plot(ae.loss_curve_); plt.yscale("log")
# %% metrics
ae.score(H2, H2), ae.best_validation_score_
# %%
def rec_error(Z):
    return ((ae.predict(Z) - Z) ** 2).mean(axis=1)
rest["ae"] = rec_error(R2)
limit = np.quantile(rec_error(H2), .995)
limit
# %% metrics
alarm = rest["ae"] > limit
print("AP ae:", round(average_precision_score(rest.fault, rest["ae"]), 3))
print(pd.crosstab(rest.fault, alarm))
# %% train
# LOF for comparison
lof = LocalOutlierFactor(20, novelty=True)
lof.fit(H2)
rest["lof"] = -lof.score_samples(R2)
# %% metrics
summary = {}
for m in ("iso", "ae", "lof"):
    prec, rec, thr = precision_recall_curve(rest.fault, rest[m])
    f1 = 2 * prec * rec / (prec + rec + 1e-9)
    k = f1[:-1].argmax()
    summary[m] = dict(ap=average_precision_score(rest.fault, rest[m]), best_f1=f1[k], thr=thr[k])
pd.DataFrame(summary).T.round(3)
# %%
# alarms per event, operators hate chattering: 3 of 5 rule
rest["alarm"] = alarm.groupby(rest.pump).transform(lambda s: s.rolling(5, min_periods=1).sum() >= 3)
rest.groupby("pump").alarm.sum()
# %% metrics
ev = rest[rest.fault == 1].groupby(["pump", (rest.fault.diff() == 1).cumsum()]).alarm.any()
print("events caught:", ev.sum(), "of", len(ev), "| false alarm share", round((rest.alarm & (rest.fault == 0)).mean(), 4))
# %%
joblib.dump({"scaler": scaler, "ss": ss, "ae": ae, "limit": limit, "features": features}, "p4_watch.joblib")
# %%
# how the edge box will use it
kit = joblib.load("p4_watch.joblib")
def check(rows):
    z = kit["ss"].transform(kit["scaler"].transform(rows[kit["features"]])).clip(-6, 6)
    return ((kit["ae"].predict(z) - z) ** 2).mean(1) > kit["limit"]
check(rest.tail(8))
