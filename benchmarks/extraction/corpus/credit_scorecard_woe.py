# manner: credit risk department, WOE binning by hand, logistic scorecard, validation figures by formula
# needs: numpy pandas scikit-learn statsmodels matplotlib
# seconds: 3
# %% [markdown]
# # PD scorecard: unsecured instalment loans
# Development sample 2019-2020, out-of-time 2021. **Confidential** (this copy: synthetic).
# %%
import pickle
import numpy as np
import pandas as pd
import statsmodels.api as sm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_curve, auc, brier_score_loss
import matplotlib.pyplot as plt
%matplotlib inline
# %%
def simulate(n, year, drift=0.0, seed=0):
    r = np.random.RandomState(seed)
    income = r.lognormal(7.6 + drift, .45, n)
    dti = r.beta(2, 5, n)
    age = r.randint(19, 70, n)
    inquiries = r.poisson(1.1 + drift, n)
    util = r.uniform(0, 1.1, n)
    home = r.choice(['OWN', 'RENT', 'MORTGAGE', 'OTHER'], n, p=[.2, .4, .35, .05])
    z = -3.1 + 3.2*dti - .02*(age-40) + .35*inquiries + 1.1*util - .0002*income + np.where(home == 'RENT', .4, 0)
    bad = r.binomial(1, 1/(1+np.exp(-z)))
    return pd.DataFrame(dict(year=year, income=income, dti=dti, age=age, inquiries=inquiries, util=util, home=home, bad=bad))

dev = simulate(3000, 2020, seed=1)
oot = simulate(1200, 2021, drift=.05, seed=2)
dev.bad.mean(), oot.bad.mean()
# %%
dev.describe(percentiles=[.01, .5, .99]).T
# %%
pd.crosstab(dev.home, dev.bad, normalize='index')
# %% [markdown]
# ## Binning
# %%
EDGES = {
    'income': [-np.inf, 1200, 1800, 2500, 3500, np.inf],
    'dti': [-np.inf, .15, .25, .35, .5, np.inf],
    'age': [-np.inf, 25, 33, 45, 55, np.inf],
    'inquiries': [-np.inf, 0, 1, 2, np.inf],
    'util': [-np.inf, .3, .6, .9, np.inf],
}

def to_bins(d):
    b = pd.DataFrame(index=d.index)
    for col, edges in EDGES.items():
        b[col] = pd.cut(d[col], edges).astype(str)
    b['home'] = d.home.replace({'OTHER': 'RENT'})
    return b

binned = to_bins(dev)
binned.apply(lambda s: s.nunique())
# %%
def woe_table(bins, target):
    t = pd.crosstab(bins, target)
    good = (t[0] + .5) / t[0].sum()
    badd = (t[1] + .5) / t[1].sum()
    out = pd.DataFrame({'n': t.sum(axis=1), 'bad_rate': t[1] / t.sum(axis=1), 'woe': np.log(good / badd)})
    out['iv'] = (good - badd) * out.woe
    return out

WOE, IV = {}, {}
for c in binned:
    tab = woe_table(binned[c], dev.bad)
    WOE[c] = tab.woe.to_dict()
    IV[c] = tab.iv.sum()
pd.Series(IV).sort_values(ascending=False)
# %%
woe_table(binned.util, dev.bad)
# %%
fig, ax = plt.subplots(2, 3, figsize=(11, 5))
for a, c in zip(ax.ravel(), binned):
    woe_table(binned[c], dev.bad).woe.plot.bar(ax=a, title=c, fontsize=6)
plt.tight_layout()
# %%
def transform(d):
    b = to_bins(d)
    return pd.DataFrame({c: b[c].map(WOE[c]).fillna(0.0) for c in b})

keep = [c for c in IV if IV[c] > .02]
X_dev, X_oot = transform(dev)[keep], transform(oot)[keep]
y_dev, y_oot = dev.bad, oot.bad
X_dev.corr().round(2)
# %% [markdown]
# ## Estimation
# statsmodels first, because Validation wants p-values; then the sklearn one that goes to production.
# %% train
logit = sm.Logit(y_dev, sm.add_constant(X_dev)).fit(disp=0)
# %%
pvals = logit.pvalues.drop('const')
wrong_sign = logit.params.drop('const')[lambda s: s > 0]
print(pvals.round(4)); print('wrong sign:', list(wrong_sign.index))
# %%
final_vars = [c for c in keep if pvals[c] < .05 and c not in wrong_sign.index]
final_vars
# %% train
clf = LogisticRegression(C=1e6, solver='lbfgs', max_iter=1000).fit(X_dev[final_vars], y_dev)
pd_dev = clf.predict_proba(X_dev[final_vars])[:, 1]
pd_oot = clf.predict_proba(X_oot[final_vars])[:, 1]
# %% [markdown]
# ## Validation
# %% metrics
def gini(y, p):
    fpr, tpr, _ = roc_curve(y, p)
    return 2 * auc(fpr, tpr) - 1

def ks(y, p):
    fpr, tpr, _ = roc_curve(y, p)
    return (tpr - fpr).max()

val = pd.DataFrame({'gini': [gini(y_dev, pd_dev), gini(y_oot, pd_oot)],
                    'ks': [ks(y_dev, pd_dev), ks(y_oot, pd_oot)],
                    'brier': [brier_score_loss(y_dev, pd_dev), brier_score_loss(y_oot, pd_oot)]}, index=['dev', 'oot'])
val
# %%
fpr, tpr, _ = roc_curve(y_oot, pd_oot)
plt.figure(); plt.plot(fpr, tpr); plt.plot([0, 1], [0, 1], '--'); plt.title('ROC out of time'); plt.show()
# %% [markdown]
# ## Points
# PDO 20, 600 points at 50:1
# %%
pdo, base_points, base_odds = 20, 600, 50
factor = pdo / np.log(2)
offset = base_points - factor * np.log(base_odds)
n_vars = len(final_vars)
rows = []
for c, b in zip(final_vars, clf.coef_[0]):
    for level, w in WOE[c].items():
        rows.append((c, level, round(offset / n_vars - factor * (b * w + clf.intercept_[0] / n_vars))))
card = pd.DataFrame(rows, columns=['variable', 'bin', 'points'])
card.set_index(['variable', 'bin'])
# %%
def points(d):
    b = to_bins(d)
    lookup = card.set_index(['variable', 'bin']).points
    return sum(b[c].map(lookup[c]) for c in final_vars)

dev['score'] = points(dev)
oot['score'] = points(oot)
dev.score.plot.hist(bins=40, alpha=.6); oot.score.plot.hist(bins=40, alpha=.6); plt.show()
# %% metrics
# the points must rank as well as the PDs
gini(y_oot, -oot.score), gini(y_dev, -dev.score)
# %%
# population stability
q = np.quantile(dev.score, np.linspace(0, 1, 11)); q[0], q[-1] = -np.inf, np.inf
e = np.histogram(dev.score, q)[0] / len(dev)
a = np.histogram(oot.score, q)[0] / len(oot)
psi = ((a - e) * np.log(a / e)).sum()
print('PSI = %.4f' % psi)
# %%
cutoff = 520
print('approval rate', (oot.score >= cutoff).mean().round(3))
# refit with cutoff in mind?  ask M.
# clf2 = LogisticRegression(class_weight='balanced').fit(X_dev[final_vars], y_dev)
# %%
with open('scorecard.pkl', 'wb') as f:
    pickle.dump({'woe': WOE, 'edges': EDGES, 'card': card, 'clf': clf, 'vars': final_vars}, f)
card.to_csv('scorecard.csv', index=False)
