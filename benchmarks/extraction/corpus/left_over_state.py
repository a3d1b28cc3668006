# manner: months of kernel state, cells deleted and re-run out of order, names that live only in the author's kernel
# needs: scikit-learn pandas numpy matplotlib seaborn
# seconds: 3
# fails: cells 3, 12 and 23 from top to bottom (NameError); no cell that trains or measures needs them
# %% count=88
import pandas as pd
import numpy as np
import matplotlib.pyplot as plt
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
%matplotlib inline
# %% count=89
Xraw, target = make_classification(n_samples=800, n_features=12, n_informative=5, n_redundant=2, weights=[.7], flip_y=.04, random_state=17)
df = pd.DataFrame(Xraw, columns=["age", "tenure", "calls", "complaints", "mb", "minutes", "roaming", "sms", "bill", "late", "web", "store"])
df["left"] = target
df.shape
# %% count=31
df.describe().loc[["mean", "std"]]
# %% count=134
df[num_cols].hist(figsize=(10, 6), bins=20);
# %% count=90
# df = df.drop_duplicates()
df["calls_per_bill"] = df.calls / (df.bill.abs() + 1)
# %% count=12
df.left.mean()
# %% count=91
feats = [c for c in df.columns if c not in ("left", "store")]
X = df[feats]
y = df.left
# %% count=92
Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=.3, stratify=y, random_state=0)
# %% count=120
def show(m, X=None):
    """bar of importances, uses whatever m has"""
    imp = m.feature_importances_ if hasattr(m, "feature_importances_") else np.abs(m.coef_[0])
    pd.Series(imp, feats).sort_values().tail(top_n).plot.barh()
# %% train count=93
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
sc = StandardScaler()
A = sc.fit_transform(Xtr)
clf = LogisticRegression().fit(A, ytr)
# %% metrics count=94
clf.score(A, ytr), clf.score(sc.transform(Xte), yte)
# %% train count=101
from sklearn.ensemble import ExtraTreesClassifier
clf = ExtraTreesClassifier(60, random_state=1, max_depth=8)
clf.fit(Xtr, ytr)
# %% count=103
plt.plot(old_fpr, old_tpr, label="last month")
plt.legend()
# %% metrics count=102
from sklearn.metrics import roc_auc_score, roc_curve
pp = clf.predict_proba(Xte)[:, 1]
roc_auc_score(yte, pp)
# %% count=104
fpr, tpr, th = roc_curve(yte, pp)
plt.plot(fpr, tpr); plt.plot([0, 1], [0, 1], ":")
# %% count=121
top_n = 6
show(clf)
# %% count=60
x = 5
# %% count=61
x
# %% train count=110
# best so far was depth 8 leaf 3 I think
best, best_auc = None, 0
for d in [4, 8, None]:
    for leaf in [1, 3]:
        m = ExtraTreesClassifier(60, max_depth=d, min_samples_leaf=leaf, random_state=1).fit(Xtr, ytr)
        auc = roc_auc_score(yte, m.predict_proba(Xte)[:, 1])
        if auc > best_auc:
            best, best_auc = (d, leaf), auc
print(best, best_auc)
# %% train count=111
final = ExtraTreesClassifier(150, max_depth=best[0], min_samples_leaf=best[1], random_state=1)
final.fit(pd.concat([Xtr, Xte]), pd.concat([ytr, yte]))
# %% metrics count=113
# on what it was trained on, so only a check that nothing broke
print("acc", (final.predict(X) == y).mean())
# %% count=112
lim = 0.35
call_list = df.loc[final.predict_proba(X)[:, 1] > lim].index
len(call_list)
# %% count=99
import seaborn as sns
sns.boxplot(x="left", y="calls_per_bill", data=df)
# %% count=135
compare_with_march(final, call_list)
# %% count=133
num_cols = df.select_dtypes("number").columns.drop("left")
# %% metrics count=130
from sklearn.metrics import confusion_matrix
tn, fp, fn, tp = confusion_matrix(yte, pp > lim).ravel()
print(f"called for nothing {fp}, missed {fn}, reached {tp}")
# %%
#final_v2 = ...
