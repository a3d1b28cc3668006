# manner: an energy engineer, LightGBM native interface with callbacks, early stopping, custom metric, lgb.cv, continued training
# needs: numpy pandas lightgbm scikit-learn matplotlib
# seconds: 3
# %%
#!/usr/bin/env python
# -*- coding: utf-8 -*-
import os
import lightgbm as lgb
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.metrics import mean_squared_error, mean_absolute_percentage_error as mape
# %%
pd.options.display.max_columns = 50
plt.rcParams["figure.figsize"] = (10, 3)
np.random.seed(42)
# %% [markdown]
# ## Load (hourly, 100 days)
# %%
def load_plant(days=100):
    ix = pd.date_range("2023-01-02", periods=24 * days, freq="h")
    d = pd.DataFrame(index=ix)
    d["temp"] = 10 + 8 * np.sin(2 * np.pi * (ix.hour - 9) / 24) + 6 * np.sin(2 * np.pi * ix.dayofyear / 365) + np.random.normal(0, 1.5, len(ix))
    d["shift"] = np.where(ix.hour < 6, 0, np.where(ix.hour < 14, 1, 2))
    d["prod"] = np.where(ix.dayofweek < 5, np.random.poisson(40, len(ix)), np.random.poisson(8, len(ix))) * (d["shift"] > 0)
    d["kwh"] = 120 + 3.1 * d["prod"] + 2.2 * (18 - d["temp"]).clip(lower=0) + 25 * (d["shift"] == 1) + np.random.normal(0, 9, len(ix))
    d.loc[d.sample(frac=0.01).index, "kwh"] *= 3          # meter glitches
    return d

df = load_plant()
df.tail(3)
# %%
df.kwh.plot(); plt.show()
df.kwh.describe(percentiles=[.01, .99])
# %%
# glitches out
lim = df.kwh.quantile(.985)
print((df.kwh > lim).sum(), "rows above", lim)
df.loc[df.kwh > lim, "kwh"] = np.nan
df["kwh"] = df["kwh"].interpolate()
df.kwh.plot();
# %%
def add_features(d):
    d["hour"] = d.index.hour
    d["dow"] = d.index.dayofweek
    for lag in (1, 24, 168):
        d[f"lag{lag}"] = d["kwh"].shift(lag)
    d["roll24"] = d["kwh"].shift(1).rolling(24).mean()
    d["hdd"] = (18 - d["temp"]).clip(lower=0)

add_features(df)
df.dropna(inplace=True)
df.shape
# %%
train, valid, test = df[:"2023-03-10"], df["2023-03-11":"2023-03-25"], df["2023-03-26":]
print(len(train), len(valid), len(test))
cols = [c for c in df.columns if c != "kwh"]
# %%
dtrain = lgb.Dataset(train[cols], train.kwh, categorical_feature=["shift", "dow"], free_raw_data=False)
dvalid = lgb.Dataset(valid[cols], valid.kwh, reference=dtrain, free_raw_data=False)
# %%
params = dict(
    objective="regression_l1",
    metric="mae",
    num_leaves=15,
    learning_rate=0.08,
    feature_fraction=0.8,
    bagging_fraction=0.8,
    bagging_freq=1,
    seed=3,
    num_threads=1,
    deterministic=True,
    verbosity=-1,
)
# %%
def peak_error(preds, data):
    y = data.get_label()
    top = y > np.quantile(y, .9)
    return "peak_mae", np.abs(preds[top] - y[top]).mean(), False
# %% train
evals = {}
booster = lgb.train(
    params, dtrain, num_boost_round=300,
    valid_sets=[dtrain, dvalid], valid_names=["train", "valid"], feval=peak_error,
    callbacks=[lgb.early_stopping(25, first_metric_only=True), lgb.log_evaluation(50), lgb.record_evaluation(evals)],
)
# %%
lgb.plot_metric(evals, metric="l1"); plt.show()
# %%
lgb.plot_importance(booster, importance_type="gain")
# %% metrics
booster.best_iteration, booster.best_score["valid"]
# %% metrics
p = booster.predict(test[cols])
naive = test["lag168"]
print("lgb   rmse %.2f  mape %.2f%%" % (mean_squared_error(test.kwh, p) ** .5, 100 * mape(test.kwh, p)))
print("naive rmse %.2f  mape %.2f%%" % (mean_squared_error(test.kwh, naive) ** .5, 100 * mape(test.kwh, naive)))
# %%
ax = test.kwh.plot(label="meter")
pd.Series(p, test.index).plot(ax=ax, label="model"); ax.legend()
# %%
# where are we bad?
err = (test.kwh - p).rename("err")
err.groupby(test.hour).mean().plot.bar()
# %% [markdown]
# ### leaves and rate by cv
# %% train
rows = []
for leaves in (7, 31):
    for lr in (.05, .15):
        r = lgb.cv({**params, "num_leaves": leaves, "learning_rate": lr}, dtrain, num_boost_round=120, nfold=3, stratified=False,
                   seed=0, callbacks=[lgb.early_stopping(10, verbose=False)])
        rows.append((leaves, lr, len(r["valid l1-mean"]), r["valid l1-mean"][-1]))
cv = pd.DataFrame(rows, columns=["leaves", "lr", "rounds", "mae"])
# %% metrics
cv.pivot(index="leaves", columns="lr", values="mae")
# %%
win = cv.loc[cv.mae.idxmin()]
params.update(num_leaves=int(win.leaves), learning_rate=float(win.lr))
rounds = int(win.rounds)
# %% train
both = pd.concat([train, valid])
dall = lgb.Dataset(both[cols], both.kwh, categorical_feature=["shift", "dow"])
final = lgb.train(params, dall, rounds)
# %% train
# new meter data came in: go on from the model, lower rate, decays
week = test[:24 * 5]
dweek = lgb.Dataset(week[cols], week.kwh, categorical_feature=["shift", "dow"])
final2 = lgb.train({**params, "learning_rate": .02}, dweek, 20, init_model=final, callbacks=[lgb.reset_parameter(learning_rate=lambda i: .02 * .9 ** i)])
# %% metrics
rest = test[24 * 5:]
for name, b in [("old", booster), ("all", final), ("continued", final2)]:
    print(name, round(np.abs(b.predict(rest[cols]) - rest.kwh).mean(), 3))
# %%
final2.save_model("plant.txt")
print(os.path.getsize("plant.txt") // 1024, "kB")
# %% metrics
bst = lgb.Booster(model_file="plant.txt")
bst_mae = np.abs(bst.predict(rest[cols]) - rest.kwh).mean()
bst_mae
# %%
#import shap
#ex = shap.TreeExplainer(bst); sv = ex.shap_values(rest[cols])
#shap.summary_plot(sv, rest[cols])
