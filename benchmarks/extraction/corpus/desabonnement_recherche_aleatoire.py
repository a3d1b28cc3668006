# manner: a French data analyst, XGBoost with the scikit-learn interface, eval_set, a random search written by hand like a small Optuna
# needs: numpy pandas xgboost scikit-learn matplotlib seaborn
# seconds: 3
# %% [markdown]
# # Prédire le désabonnement (churn)
# Données simulées, environ 1 200 clients.
# %% count=1
import json, time
import numpy as np
import pandas as pd
import seaborn as sns
import matplotlib.pyplot as plt
import xgboost as xgb
from xgboost import XGBClassifier
from sklearn.model_selection import train_test_split
from sklearn.metrics import log_loss, roc_auc_score, confusion_matrix, average_precision_score

sns.set_theme(style="whitegrid")
print(xgb.__version__)
# %% count=2
graine = 7
gen = np.random.default_rng(graine)
n = 1200
clients = pd.DataFrame({
    "anciennete": gen.gamma(2, 14, n).astype(int),
    "forfait": gen.choice(["mini", "confort", "max"], n, p=[.5, .35, .15]),
    "appels_sav": gen.poisson(1.2, n),
    "go_mois": gen.lognormal(2, .8, n),
    "paiement": gen.choice(["carte", "prelevement", "cheque"], n),
    "age": gen.integers(18, 85, n),
})
clients["facture"] = clients["forfait"].map({"mini": 10, "confort": 20, "max": 40}) + gen.normal(0, 3, n)
score = -1 - .04 * clients.anciennete + .6 * clients.appels_sav + .03 * clients.facture + .5 * (clients.paiement == "cheque")
score += np.where((clients.forfait == "mini") & (clients.go_mois > 10), 1.2, 0)
clients["parti"] = (gen.random(n) < 1 / (1 + np.exp(-score))).astype(int)
clients.to_csv("clients.csv", index=False)
# %% count=3
df = pd.read_csv("clients.csv")
df.info()
# %% count=4
df.describe(include="all")
# %% count=5
sns.countplot(df, x="forfait", hue="parti")
# %% count=6
fig, axes = plt.subplots(1, 3, figsize=(13, 3))
for ax, c in zip(axes, ["anciennete", "appels_sav", "facture"]):
    sns.histplot(df, x=c, hue="parti", ax=ax, element="step")
# %% count=7
df["ratio"] = df["facture"] / (1 + df["go_mois"])
df.drop(columns=["age"], inplace=True)   # non significatif d'après l'équipe marketing
for c in ("forfait", "paiement"):
    df[c] = df[c].astype("category")
df = pd.get_dummies(df, columns=["forfait", "paiement"], dtype=int)
sns.heatmap(df.corr(), cmap="vlag", center=0)
# %% count=8
y = df.pop("parti")
X = df
X_app, X_test, y_app, y_test = train_test_split(X, y, test_size=.25, stratify=y, random_state=graine)
X_app, X_val, y_app, y_val = train_test_split(X_app, y_app, test_size=.25, stratify=y_app, random_state=graine)
print(X_app.shape, X_val.shape, X_test.shape)
# %% train count=9
premier = XGBClassifier(n_estimators=150, learning_rate=.1, n_jobs=1, random_state=graine, eval_metric="logloss", early_stopping_rounds=15)
premier.fit(X_app, y_app, eval_set=[(X_app, y_app), (X_val, y_val)], verbose=25)
# %% count=10
courbes = premier.evals_result()
plt.plot(courbes["validation_0"]["logloss"], label="app")
plt.plot(courbes["validation_1"]["logloss"], label="val")
plt.axvline(premier.best_iteration, c="k", ls=":"); plt.legend(); plt.show()
# %% metrics count=11
premier.best_score, roc_auc_score(y_val, premier.predict_proba(X_val)[:, 1])
# %% [markdown]
# ## Recherche des hyperparamètres
# Pas d'Optuna sur le serveur, donc à la main…
# %% count=12
class Essai:
    def __init__(self, numero, gen):
        self.numero, self.gen, self.params = numero, gen, {}
    def entier(self, nom, a, b):
        self.params[nom] = int(self.gen.integers(a, b + 1)); return self.params[nom]
    def reel(self, nom, a, b, log=False):
        v = np.exp(self.gen.uniform(np.log(a), np.log(b))) if log else self.gen.uniform(a, b)
        self.params[nom] = float(v); return self.params[nom]

class Etude:
    def __init__(self, gen):
        self.gen, self.essais = gen, []
    def optimiser(self, objectif, n):
        for k in range(n):
            e = Essai(k, self.gen)
            t0 = time.perf_counter()
            e.valeur = objectif(e)
            e.duree = time.perf_counter() - t0
            self.essais.append(e)
    @property
    def meilleur(self):
        return min(self.essais, key=lambda e: e.valeur)
# %% count=13
def objectif(essai):
    m = XGBClassifier(
        n_estimators=120, n_jobs=1, random_state=graine, eval_metric="logloss", early_stopping_rounds=10,
        max_depth=essai.entier("max_depth", 2, 7),
        learning_rate=essai.reel("learning_rate", .03, .3, log=True),
        subsample=essai.reel("subsample", .5, 1),
        colsample_bytree=essai.reel("colsample_bytree", .4, 1),
        reg_lambda=essai.reel("reg_lambda", .01, 20, log=True),
    )
    m.fit(X_app, y_app, eval_set=[(X_val, y_val)], verbose=False)
    return log_loss(y_val, m.predict_proba(X_val)[:, 1])

etude = Etude(gen)
# %% train count=14
%%time
etude.optimiser(objectif, 15)
# %% metrics count=15
print(etude.meilleur.numero, etude.meilleur.valeur)
etude.meilleur.params
# %% count=16
journal = pd.DataFrame([{**e.params, "valeur": e.valeur} for e in etude.essais])
sns.scatterplot(journal, x="learning_rate", y="valeur", hue="max_depth")
plt.xscale("log")
# %% metrics count=17
journal.sort_values("valeur").head()
# %% count=18
with open("meilleurs.json", "w") as f:
    json.dump(etude.meilleur.params, f, indent=2)
# %% [markdown]
# ## Modèle final
# %% train count=19
with open("meilleurs.json") as f:
    p = json.load(f)
final = XGBClassifier(n_estimators=300, n_jobs=1, random_state=graine, eval_metric=["auc", "logloss"], early_stopping_rounds=20, **p)
final.fit(X_app, y_app, eval_set=[(X_val, y_val)], verbose=False)
# %% count=20
imp = pd.Series(final.feature_importances_, index=X.columns).sort_values()
imp.plot.barh()
# %% metrics count=21
proba = final.predict_proba(X_test)[:, 1]
for nom, f in dict(auc=roc_auc_score, ap=average_precision_score, logloss=log_loss).items():
    print(f"{nom:8s} {f(y_test, proba):.4f}")
# %% metrics count=22
cm = confusion_matrix(y_test, proba > .4)
pd.DataFrame(cm, index=["reste", "part"], columns=["préd. reste", "préd. part"])
# %% count=23
sns.kdeplot(x=proba, hue=y_test.values, fill=True)
# %% count=24
final.save_model("churn.json")
!ls -l *.json
# %% count=25
risque = X_test.assign(p=proba).nlargest(20, "p")
risque.to_csv("a_rappeler.csv", sep=";", decimal=",")
risque.head()
