# manner: engineer who writes classes for everything, own Trainer, Spanish comments, anomaly detection
# needs: torch numpy pandas scikit-learn matplotlib
# seconds: 6
# %% [markdown]
# # Detección de anomalías en bombas de agua
# Autoencoder denso sobre 16 sensores simulados. Solo se entrena con datos normales.
# %%
from __future__ import annotations

from dataclasses import dataclass, field

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, random_split
# %%
@dataclass
class Config:
    n_normal: int = 1500
    n_raros: int = 90
    n_sensores: int = 16
    latente: int = 3
    epocas: int = 15
    lote: int = 64
    lr: float = 2e-3
    semilla: int = 123


cfg = Config()
cfg
# %%
class Simulador:
    """Genera lecturas: pocos factores ocultos, muchos sensores."""

    def __init__(self, cfg: Config):
        self.cfg = cfg
        self.rng = np.random.default_rng(cfg.semilla)
        self.mezcla = self.rng.normal(size=(3, cfg.n_sensores))

    def normales(self) -> np.ndarray:
        f = self.rng.normal(size=(self.cfg.n_normal, 3))
        return np.tanh(f @ self.mezcla) + 0.05 * self.rng.normal(size=(self.cfg.n_normal, self.cfg.n_sensores))

    def raros(self) -> np.ndarray:
        f = self.rng.normal(size=(self.cfg.n_raros, 3))
        x = np.tanh(f @ self.mezcla)
        for fila in x:
            cuales = self.rng.choice(self.cfg.n_sensores, 2, replace=False)
            fila[cuales] = self.rng.uniform(-1.5, 1.5, 2)
        return x


sim = Simulador(cfg)
normal, raro = sim.normales(), sim.raros()
normal.shape, raro.shape
# %%
pd.DataFrame(normal).add_prefix("s").describe().round(2)
# %%
pd.DataFrame(normal).corr().abs().stack().hist(bins=30)
# %%
corte = 1200
esc = StandardScaler()
esc.fit(normal[:corte])
X = esc.transform(normal[:corte]).astype(np.float32)
X_prueba = esc.transform(np.vstack([normal[corte:], raro])).astype(np.float32)
y_prueba = np.r_[np.zeros(len(normal) - corte), np.ones(len(raro))]
# %%
class Lecturas(Dataset):
    def __init__(self, x: np.ndarray):
        self.x = torch.from_numpy(x)

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int) -> Tensor:
        return self.x[i]


entreno, valid = random_split(Lecturas(X), [1000, 200], generator=torch.Generator().manual_seed(cfg.semilla))
cargador = DataLoader(entreno, cfg.lote, shuffle=True, generator=torch.Generator().manual_seed(cfg.semilla))
cargador_valid = DataLoader(valid, 256)
# %%
class AutoEncoder(nn.Module):
    def __init__(self, n: int, latente: int):
        super().__init__()
        self.cod = nn.Sequential(nn.Linear(n, 32), nn.SiLU(), nn.Linear(32, latente))
        self.dec = nn.Sequential(nn.Linear(latente, 32), nn.SiLU(), nn.Linear(32, n))

    def forward(self, x: Tensor) -> Tensor:
        return self.dec(self.cod(x))

    def error(self, x: Tensor) -> Tensor:
        return (self(x) - x).pow(2).mean(1)
# %%
@dataclass
class Entrenador:
    modelo: AutoEncoder
    cfg: Config
    historia: list[dict] = field(default_factory=list)

    def __post_init__(self):
        self.opt = torch.optim.Adam(self.modelo.parameters(), lr=self.cfg.lr, weight_decay=1e-5)
        self.ruido = 0.1

    def _paso(self, x: Tensor) -> float:
        self.opt.zero_grad()
        perdida = (self.modelo(x + self.ruido * torch.randn_like(x)) - x).pow(2).mean()
        perdida.backward()
        self.opt.step()
        return perdida.item()

    def correr(self, cargador: DataLoader, valid: DataLoader) -> Entrenador:
        for epoca in range(self.cfg.epocas):
            self.modelo.train()
            t = float(np.mean([self._paso(x) for x in cargador]))
            self.historia.append({"epoca": epoca, "entreno": t, "valid": self.medir(valid)})
        return self

    @torch.no_grad()
    def medir(self, cargador: DataLoader) -> float:
        self.modelo.eval()
        return float(torch.cat([self.modelo.error(x) for x in cargador]).mean())
# %%
torch.manual_seed(cfg.semilla)
modelo = AutoEncoder(cfg.n_sensores, cfg.latente)
entrenador = Entrenador(modelo, cfg)
# %%
entrenador.medir(cargador_valid)  # antes de empezar, cerca de 1 porque los datos están escalados
# %% train
entrenador.correr(cargador, cargador_valid)
# %%
h = pd.DataFrame(entrenador.historia).set_index("epoca")
h.plot()
plt.show()
# %% metrics
print("error de reconstrucción (valid):", entrenador.medir(cargador_valid))
# %%
with torch.no_grad():
    puntos = modelo.error(torch.from_numpy(X_prueba)).numpy()
for k in (0, 1):
    plt.hist(puntos[y_prueba == k], bins=40, alpha=0.6, log=True)
# %% metrics
resultado = {"auc": roc_auc_score(y_prueba, puntos), "ap": average_precision_score(y_prueba, puntos)}
resultado
# %% train
# comparar con algo clásico
bosque = IsolationForest(n_estimators=50, random_state=cfg.semilla, n_jobs=1).fit(X)
# %% metrics
puntos_bosque = -bosque.score_samples(X_prueba)
pd.DataFrame([resultado, {"auc": roc_auc_score(y_prueba, puntos_bosque), "ap": average_precision_score(y_prueba, puntos_bosque)}],
             index=["autoencoder", "isolation forest"])
# %%
# espacio latente
with torch.no_grad():
    z = modelo.cod(torch.from_numpy(X)).numpy()
plano = PCA(2).fit_transform(z)
plt.scatter(*plano.T, s=4)
# %% train
# ¿hay regímenes de trabajo?
grupos = KMeans(4, n_init=3, random_state=0).fit(z)
np.bincount(grupos.labels_)
# %%
umbral = np.quantile(puntos[y_prueba == 0], 0.95)
print("umbral de alarma:", umbral)
# %% metrics
alarma = puntos > umbral
print("detectadas", alarma[y_prueba == 1].mean(), "falsas", alarma[y_prueba == 0].mean())
# %%
torch.save({"modelo": modelo.state_dict(), "media": esc.mean_, "escala": esc.scale_, "umbral": float(umbral)}, "bombas.pt")
