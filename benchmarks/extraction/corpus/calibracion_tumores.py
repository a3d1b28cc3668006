# manner: hospital statistician writing Spanish, cares for probabilities, nested cross-validation, bootstrap intervals
# needs: numpy pandas scikit-learn matplotlib
# seconds: 4
# %% [markdown]
# # ¿Podemos fiarnos de las probabilidades?
# Datos: cáncer de mama (Wisconsin), con ruido añadido para que no sea tan fácil.
# %%
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import (GridSearchCV, StratifiedKFold, cross_val_predict, cross_val_score,
                                     train_test_split)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SEMILLA = 31416
azar = np.random.RandomState(SEMILLA)
# %%
datos = load_breast_cancer(as_frame=True)
X = datos.data.filter(regex="^mean")
X = X + azar.normal(0, 1, X.shape) * X.std().values * 0.8
y = 1 - datos.target          # 1 = maligno
X.shape, round(y.mean(), 3)
# %%
X.describe().T[["mean", "std", "min", "max"]]
# %%
X.hist(figsize=(10, 6), bins=30)
plt.tight_layout()
plt.show()
# %%
X_des, X_val, y_des, y_val = train_test_split(X, y, test_size=0.35, stratify=y, random_state=SEMILLA)
X_ent, X_cal, y_ent, y_cal = train_test_split(X_des, y_des, test_size=0.3, stratify=y_des, random_state=SEMILLA)
print(len(X_ent), len(X_cal), len(X_val))
# %% [markdown]
# ## Modelos sin calibrar
# %%
def nuevos():
    return {
        "logística": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        "bayes": GaussianNB(),
        "bosque": RandomForestClassifier(n_estimators=60, min_samples_leaf=2, random_state=SEMILLA, n_jobs=1),
    }


crudos = nuevos()
# %% train
for nombre, modelo in crudos.items():
    modelo.fit(X_ent, y_ent)
# %%
def curva(ax, p, etiqueta):
    frac, media = calibration_curve(y_val, p, n_bins=6, strategy="quantile")
    ax.plot(media, frac, "o-", label=etiqueta)

fig, ax = plt.subplots(figsize=(5, 5))
ax.plot([0, 1], [0, 1], "k:")
for nombre, modelo in crudos.items():
    curva(ax, modelo.predict_proba(X_val)[:, 1], nombre)
ax.legend()
plt.show()
# %%
def medidas(p, y=y_val):
    p = np.clip(p, 1e-6, 1 - 1e-6)
    bins = np.digitize(p, np.linspace(0, 1, 11)[1:-1])
    ece = sum(abs(y[bins == b].mean() - p[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins))
    return {"AUC": roc_auc_score(y, p), "Brier": brier_score_loss(y, p), "logloss": log_loss(y, p), "ECE": ece}
# %% metrics
tabla = pd.DataFrame({n: medidas(m.predict_proba(X_val)[:, 1]) for n, m in crudos.items()}).T
tabla.round(3)
# %% [markdown]
# ## Calibrar: Platt e isotónica con validación cruzada
# %% train
calibrados = {}
for nombre, modelo in nuevos().items():
    for metodo in ("sigmoid", "isotonic"):
        calibrados[nombre, metodo] = CalibratedClassifierCV(modelo, method=metodo, cv=4).fit(X_des, y_des)
# %% metrics
filas = {f"{n} + {m}": medidas(c.predict_proba(X_val)[:, 1]) for (n, m), c in calibrados.items()}
tabla = pd.concat([tabla, pd.DataFrame(filas).T])
tabla.sort_values("Brier").round(3)
# %% [markdown]
# ## A mano, con los datos reservados
# %% train
p_cal = crudos["bayes"].predict_proba(X_cal)[:, 1]
isotonica = IsotonicRegression(out_of_bounds="clip").fit(p_cal, y_cal)
# %%
rejilla = np.linspace(0, 1, 200)
plt.step(rejilla, isotonica.predict(rejilla))
plt.xlabel("probabilidad cruda")
plt.ylabel("probabilidad calibrada")
plt.show()
# %% metrics
p_bayes = crudos["bayes"].predict_proba(X_val)[:, 1]
antes, despues = medidas(p_bayes), medidas(isotonica.predict(p_bayes))
for clave in antes:
    print(f"{clave:8s} {antes[clave]:.4f} -> {despues[clave]:.4f}")
# %% [markdown]
# ## Validación cruzada anidada de la logística
# %%
interior = StratifiedKFold(3, shuffle=True, random_state=1)
exterior = StratifiedKFold(4, shuffle=True, random_state=2)
rejilla_C = {"logisticregression__C": [0.01, 0.1, 1, 10]}
buscador = GridSearchCV(nuevos()["logística"], rejilla_C, scoring="neg_brier_score", cv=interior)
# %% train
anidada = -cross_val_score(buscador, X_des, y_des, cv=exterior, scoring="neg_brier_score")
print("Brier %.4f ± %.4f" % (anidada.mean(), anidada.std()))
# %% train
buscador.fit(X_des, y_des)
final = clone(buscador.best_estimator_)
# %%
final.get_params()["logisticregression__C"]
# %% train
p_cv = cross_val_predict(final, X_des, y_des, cv=exterior, method="predict_proba")[:, 1]
final.fit(X_des, y_des);
# %% metrics
medidas(p_cv, y_des)
# %% metrics
# intervalo bootstrap del AUC en validación
p_fin = final.predict_proba(X_val)[:, 1]
reps = []
for _ in range(100):
    i = azar.randint(0, len(y_val), len(y_val))
    reps.append(roc_auc_score(y_val.values[i], p_fin[i]))
np.percentile(reps, [2.5, 50, 97.5]).round(3)
# %%
pd.Series(final[-1].coef_[0], index=X.columns).sort_values().plot.barh()
plt.title("coeficientes estandarizados")
plt.show()
# %%
tabla.to_csv("calibracion.csv")
# pendiente: decision curve analysis
