# manner: marketing analyst, German names, seaborn, copy-and-change cells, clusters
# needs: scikit-learn pandas numpy seaborn matplotlib scipy
# seconds: 3
# %% [markdown]
# # Kundenkarten: Segmente für die Herbstaktion
# %%
import warnings
warnings.filterwarnings("ignore")
import numpy as np, pandas as pd
import seaborn as sns
import matplotlib.pyplot as plt
from sklearn.preprocessing import StandardScaler, RobustScaler
from sklearn.cluster import KMeans, AgglomerativeClustering, DBSCAN
from sklearn.mixture import GaussianMixture
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score, davies_bouldin_score, adjusted_rand_score
sns.set_theme(style="whitegrid")
%config InlineBackend.figure_format = 'retina'
# %% [markdown]
# Bons erzeugen (Echtdaten liegen im DWH, Zugriff ist beantragt)
# %%
rng = np.random.default_rng(5)
typen = {"Stamm": (24, 38., 4), "Gelegenheit": (6, 22., 30), "Gross": (10, 140., 14), "Schlafend": (2, 30., 90)}
bons = []
kid = 0
for typ, (n, wert, pause) in typen.items():
    for _ in range(90):
        kid += 1
        for _ in range(max(1, rng.poisson(n))):
            bons.append((kid, typ, rng.exponential(pause), rng.gamma(4, wert / 4), rng.integers(8, 21)))
bons = pd.DataFrame(bons, columns=["kunde", "typ_geheim", "tage_her", "betrag", "stunde"])
bons.head()
# %%
bons.info()
# %%
bons.describe().T
# %%
# RFM
rfm = bons.groupby("kunde").agg(
    recency=("tage_her", "min"),
    frequency=("betrag", "size"),
    monetary=("betrag", "sum"),
    abend=("stunde", lambda s: (s >= 18).mean()),
    typ=("typ_geheim", "first"),
)
rfm["bon_mittel"] = rfm.monetary / rfm.frequency
rfm.sample(5, random_state=0)
# %%
sns.pairplot(rfm.drop(columns="typ").sample(120, random_state=0), corner=True, height=1.3, plot_kws={"s": 8})
plt.show()
# %%
# schief -> log
merkmale = ["recency", "frequency", "monetary", "bon_mittel"]
logd = np.log1p(rfm[merkmale])
logd.hist(figsize=(6, 4));
# %%
scaler = StandardScaler()
X = scaler.fit_transform(logd)
#scaler = RobustScaler(); X = scaler.fit_transform(logd)   # macht kaum Unterschied
X[:3]
# %%
sns.heatmap(pd.DataFrame(X, columns=merkmale).corr(), annot=True, fmt=".2f", cmap="vlag")
plt.show()
# %% train
inertia, sil = [], []
ks = range(2, 9)
for k in ks:
    km = KMeans(n_clusters=k, n_init=5, random_state=0).fit(X)
    inertia.append(km.inertia_)
    sil.append(silhouette_score(X, km.labels_))
# %%
fig, ax = plt.subplots(1, 2, figsize=(9, 3))
ax[0].plot(ks, inertia, "o-"); ax[0].set_title("Ellbogen")
ax[1].plot(ks, sil, "o-"); ax[1].set_title("Silhouette")
plt.show()
# %% [markdown]
# Der Vertrieb will vier Gruppen. Dann also vier.
# %% train
k = 4
km = KMeans(n_clusters=k, n_init=10, random_state=1)
rfm["segment"] = km.fit_predict(X)
rfm["segment"].value_counts()
# %% metrics
print("Silhouette     ", silhouette_score(X, rfm["segment"]))
print("Davies-Bouldin ", davies_bouldin_score(X, rfm["segment"]))
# %%
profil = rfm.groupby("segment")[merkmale + ["abend"]].median().round(1)
profil
# %%
zentren = pd.DataFrame(np.expm1(scaler.inverse_transform(km.cluster_centers_)), columns=merkmale)
zentren.round(1)
# %%
p = PCA(2, random_state=0).fit_transform(X)
sns.scatterplot(x=p[:, 0], y=p[:, 1], hue=rfm["segment"].values, palette="deep", s=14)
plt.show()
# %%
namen = dict(zip(profil.sort_values("monetary").index, ["Schläfer", "Gelegenheit", "Stammkunde", "Großeinkauf"]))
rfm["segment_name"] = rfm["segment"].map(namen)
rfm["segment_name"].value_counts()
# %% [markdown]
# ## Gegenprobe mit anderen Verfahren
# %% train
agg = AgglomerativeClustering(n_clusters=4, linkage="ward")
rfm["seg_agg"] = agg.fit_predict(X)
# %%
from scipy.cluster.hierarchy import linkage, dendrogram
dendrogram(linkage(X[::6], "ward"), no_labels=True)
plt.show()
# %% train
gmm = GaussianMixture(4, covariance_type="full", random_state=0)
gmm.fit(X)
rfm["seg_gmm"] = gmm.predict(X)
# %% train
# BIC
bic = {}
for n in range(1, 8):
    for ct in ["full", "diag"]:
        bic[n, ct] = GaussianMixture(n, covariance_type=ct, random_state=0).fit(X).bic(X)
pd.Series(bic).unstack().round(0)
# %% train
db = DBSCAN(eps=0.45, min_samples=6)
lab = db.fit_predict(X)
np.unique(lab, return_counts=True)   # bringt nichts
# %% metrics
for spalte in ["segment", "seg_agg", "seg_gmm"]:
    print(f"{spalte:8s}  sil={silhouette_score(X, rfm[spalte]):.3f}  ARI zu Wahrheit={adjusted_rand_score(rfm.typ, rfm[spalte]):.3f}")
# %%
# wie sicher ist die GMM-Zuordnung
rfm["sicher"] = gmm.predict_proba(X).max(axis=1)
sns.histplot(data=rfm, x="sicher", hue="seg_gmm", bins=20, multiple="stack")
plt.show()
# %%
neu = pd.DataFrame({"recency": [2., 60.], "frequency": [30, 1], "monetary": [900., 25.], "bon_mittel": [30., 25.]})
[namen[s] for s in km.predict(scaler.transform(np.log1p(neu[merkmale])))]
# %%
rfm.drop(columns=["typ"]).to_csv("segmente.csv")
!ls -l segmente.csv
