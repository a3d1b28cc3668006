# manner: fraud team, imbalanced-learn pipelines, random search, cost of errors, many imports never used
# needs: numpy pandas scikit-learn imbalanced-learn matplotlib seaborn scipy joblib
# seconds: 6
# %%
!pip install -q imbalanced-learn
# %%
import os, sys, time, json
import numpy as np
import pandas as pd
import seaborn as sns
import matplotlib.pyplot as plt
from collections import Counter
from scipy.stats import loguniform, randint
from sklearn.datasets import make_classification
from sklearn.preprocessing import RobustScaler, StandardScaler
from sklearn.linear_model import LogisticRegression
from sklearn.ensemble import RandomForestClassifier, IsolationForest
from sklearn.model_selection import train_test_split, cross_validate, cross_val_predict, StratifiedKFold, RandomizedSearchCV
from sklearn.metrics import *
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from imblearn.ensemble import BalancedRandomForestClassifier
from imblearn.pipeline import Pipeline, make_pipeline
import joblib
SEED = 99
# %%
Xr, yr = make_classification(n_samples=5000, n_features=12, n_informative=6, n_redundant=2, weights=[0.975],
                             class_sep=0.9, flip_y=0.004, random_state=SEED)
cols = [f'V{i}' for i in range(1, 13)]
data = pd.DataFrame(Xr, columns=cols)
data['Amount'] = np.random.RandomState(SEED).lognormal(3.2, 1.1, len(data)) * (1 + yr)
data['Class'] = yr
data.shape
# %%
data.Class.value_counts(normalize=True)
# %%
print(Counter(data.Class))
data.groupby('Class').Amount.describe()
# %%
fig, axs = plt.subplots(3, 4, figsize=(12, 7))
for c, ax in zip(cols, axs.flat):
    for k in (0, 1):
        ax.hist(data.loc[data.Class == k, c], bins=40, density=True, alpha=.5)
    ax.set_title(c)
plt.tight_layout(); plt.show()
# %%
data['Amount'] = RobustScaler().fit_transform(np.log1p(data[['Amount']]))
X, y = data.drop(columns='Class'), data.Class
X_tr, X_te, y_tr, y_te = train_test_split(X, y, stratify=y, test_size=.3, random_state=SEED)
# %% [markdown]
# ### look at what SMOTE does
# %%
X_sm, y_sm = SMOTE(random_state=SEED).fit_resample(X_tr, y_tr)
print(Counter(y_tr), '->', Counter(y_sm))
# %%
plt.scatter(X_sm.V1[y_sm == 1], X_sm.V2[y_sm == 1], s=4, alpha=.3)
plt.scatter(X_tr.V1[y_tr == 1], X_tr.V2[y_tr == 1], s=12, c='r')
plt.show()
# %% [markdown]
# ### candidates
# %%
cands = {
    'lr':          make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
    'lr_weighted': make_pipeline(StandardScaler(), LogisticRegression(max_iter=500, class_weight='balanced')),
    'lr_smote':    make_pipeline(StandardScaler(), SMOTE(random_state=SEED), LogisticRegression(max_iter=500)),
    'rf_under':    make_pipeline(RandomUnderSampler(random_state=SEED), RandomForestClassifier(40, random_state=SEED, n_jobs=1)),
    'brf':         BalancedRandomForestClassifier(40, random_state=SEED, n_jobs=1),
}
skf = StratifiedKFold(3, shuffle=True, random_state=SEED)
# %% train
rows = []
for name, est in cands.items():
    t0 = time.time()
    cv = cross_validate(est, X_tr, y_tr, cv=skf, scoring=['average_precision', 'roc_auc', 'recall'])
    rows.append([name, cv['test_average_precision'].mean(), cv['test_roc_auc'].mean(), cv['test_recall'].mean()])
    print(name, f'{time.time() - t0:.1f}s')
res = pd.DataFrame(rows, columns=['model', 'ap', 'auc', 'recall']).set_index('model')
# %% metrics
# res.style.background_gradient()
res.sort_values('ap', ascending=False)
# %%
sns.barplot(x=res.ap, y=res.index); plt.show()
# %% [markdown]
# ### tune
# %%
pipe = Pipeline([('over', SMOTE(random_state=SEED)), ('rf', RandomForestClassifier(random_state=SEED, n_jobs=1))])
space = {'over__sampling_strategy': [.1, .3, 1.0], 'over__k_neighbors': [3, 5],
         'rf__n_estimators': randint(20, 50), 'rf__max_depth': randint(4, 12), 'rf__min_samples_leaf': [1, 3, 10]}
rs = RandomizedSearchCV(pipe, space, n_iter=5, scoring='average_precision', cv=skf, random_state=SEED, n_jobs=1, refit=True)
# %% train
%%time
_ = rs.fit(X_tr, y_tr)
# %% metrics
print(rs.best_score_)
print(rs.best_params_)
# %%
best = rs.best_estimator_
proba = best.predict_proba(X_te)[:, 1]
# %% metrics
print('AP ', average_precision_score(y_te, proba))
print('AUC', roc_auc_score(y_te, proba))
print('MCC', matthews_corrcoef(y_te, proba > .5))
# %% metrics
cm = confusion_matrix(y_te, proba > .5)
sns.heatmap(cm, annot=True, fmt='d'); plt.show()
print(cm)
# %% [markdown]
# ### money
# missed fraud 120 EUR, false alarm 4 EUR
# %%
def cost(th, fn=120, fp=4):
    pred = proba > th
    return fn * ((y_te == 1) & ~pred).sum() + fp * ((y_te == 0) & pred).sum()

ths = np.linspace(.02, .9, 45)
costs = [cost(t) for t in ths]
best_th = ths[int(np.argmin(costs))]
plt.plot(ths, costs); plt.axvline(best_th, ls=':'); plt.show()
# %% metrics
pred = (proba > best_th).astype(int)
print(f'threshold {best_th:.2f}: precision {precision_score(y_te, pred):.3f} recall {recall_score(y_te, pred):.3f} f1 {f1_score(y_te, pred):.3f}')
# %% train
# no labels at all: how far would that get us?
iso = IsolationForest(n_estimators=50, contamination=.025, random_state=SEED).fit(X_tr)
# %% metrics
roc_auc_score(y_te, -iso.score_samples(X_te))
# %%
joblib.dump({'model': best, 'th': best_th}, 'fraud_rf.joblib', compress=3)
json.dump({'threshold': float(best_th), 'features': list(X.columns)}, open('fraud_meta.json', 'w'))
os.path.getsize('fraud_rf.joblib') // 1024
