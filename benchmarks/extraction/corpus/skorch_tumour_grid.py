# manner: scikit-learn user who met skorch, pipelines everywhere, grid search, half-abandoned ideas
# needs: skorch torch scikit-learn pandas seaborn matplotlib
# seconds: 5
# %% [markdown]
# # breast cancer data, neural net inside a Pipeline
# I want to keep GridSearchCV and friends. `skorch` makes that possible.
# %% count=3
# !pip install skorch
import numpy as np
import pandas as pd
import seaborn as sns
import matplotlib.pyplot as plt
import torch
from torch import nn
from skorch import NeuralNetClassifier
from skorch.callbacks import EarlyStopping, EpochScoring
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn import metrics

sns.set_theme(style="whitegrid")
# %% count=4
bc = load_breast_cancer(as_frame=True)
X, y = bc.data, bc.target
X.info()
# %% count=5
print(y.value_counts())
sns.countplot(x=y);
# %% count=6
cols = X.corrwith(y).abs().sort_values(ascending=False).index[:4]
sns.pairplot(pd.concat([X[cols], y], axis=1).sample(120, random_state=0), hue="target", height=1.4);
# %% count=7
X = X.to_numpy(dtype=np.float32)
y = y.to_numpy(dtype=np.int64)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=99, test_size=0.3)
# %% count=8
class TumourNet(nn.Module):
    def __init__(self, units=16, p=0.2, act=nn.ReLU):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(30, units), act(), nn.Dropout(p), nn.Linear(units, 2))

    def forward(self, X):
        return self.layers(X)
# %% count=9
torch.manual_seed(99)
net = NeuralNetClassifier(
    TumourNet,
    criterion=nn.CrossEntropyLoss,
    optimizer=torch.optim.Adam,
    max_epochs=12,
    lr=0.01,
    batch_size=32,
    verbose=0,
    callbacks=[
        ("auc", EpochScoring("roc_auc", lower_is_better=False)),
        ("stop", EarlyStopping(patience=4)),
    ],
)
pipe = Pipeline([("scale", StandardScaler()), ("net", net)])
pipe
# %% train count=10
pipe.fit(X_train, y_train)
# %% count=11
h = pd.DataFrame(pipe["net"].history.to_list()).drop(columns="batches")
h[["train_loss", "valid_loss"]].plot(marker="o");
# %% metrics count=12
pipe.score(X_test, y_test)
# %% metrics count=13
proba = pipe.predict_proba(X_test)[:, 1]
print("roc auc ", metrics.roc_auc_score(y_test, proba))
print("log loss", metrics.log_loss(y_test, proba))
print("brier   ", metrics.brier_score_loss(y_test, proba))
# %% count=14
fpr, tpr, _ = metrics.roc_curve(y_test, proba)
plt.plot(fpr, tpr)
plt.plot([0, 1], [0, 1], ":", c="k")
plt.xlabel("fpr"), plt.ylabel("tpr");
# %% train count=17
# is one split luck?
cv = StratifiedKFold(3, shuffle=True, random_state=99)
pipe.set_params(net__callbacks=None, net__train_split=None, net__max_epochs=6)
scores = cross_val_score(pipe, X_train, y_train, cv=cv, scoring="accuracy")
print(scores.mean(), "+/-", scores.std())
# %% train count=18
%%time
grid = {"net__module__units": [8, 32], "net__lr": [0.003, 0.02]}
gs = GridSearchCV(pipe, grid, cv=cv, scoring="roc_auc", n_jobs=1, error_score="raise")
gs.fit(X_train, y_train)
# %% metrics count=19
print(gs.best_score_, gs.best_params_)
pd.DataFrame(gs.cv_results_)[["param_net__lr", "param_net__module__units", "mean_test_score", "std_test_score"]]
# %% train count=20
# a few more epochs on top of the best one
best = gs.best_estimator_
Xs = best["scale"].transform(X_train)
best["net"].partial_fit(Xs, y_train)
# %% metrics count=21
print(metrics.classification_report(y_test, best.predict(X_test), target_names=bc.target_names))
# %% count=22
# MC dropout, read about it yesterday. train() here only to keep dropout alive
module = best["net"].module_
module.train()
xt = torch.from_numpy(best["scale"].transform(X_test[:6]).astype("float32"))
with torch.no_grad():
    draws = torch.stack([module(xt).softmax(1)[:, 1] for _ in range(40)])
module.eval()
pd.DataFrame({"mean": draws.mean(0), "std": draws.std(0), "y": y_test[:6]}).round(3)
# %% count=23
for name, p in best["net"].module_.named_parameters():
    print(name, tuple(p.shape))
# %% count=24
best["net"].save_params(f_params="tumour.pt", f_history="tumour_history.json")
# fresh = NeuralNetClassifier(TumourNet).initialize()
# fresh.load_params(f_params="tumour.pt")
# %%
# from sklearn.ensemble import VotingClassifier
# vote = VotingClassifier([("nn", pipe), ("lr", LogisticRegression())], voting="soft")
# vote.fit(X_train, y_train)
