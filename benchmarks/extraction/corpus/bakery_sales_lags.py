# manner: small-business forecaster, lag features and walk-forward, two helper functions, unfinished ideas at the end
# needs: scikit-learn pandas numpy matplotlib
# seconds: 3
# %% [markdown]
# Bakery: how many loaves tomorrow?
#
# waste costs, but an empty shelf costs more
# %% count=1
import pandas as pd
import numpy as np
import matplotlib.pyplot as plt
plt.rcParams["figure.figsize"] = (10, 3)
# %% count=2
days = pd.date_range("2022-01-03", periods=760, freq="D")
g = np.random.default_rng(77)
weekday = np.array([1.0, .95, .97, 1.0, 1.2, 1.55, .6])
base = 210 + 0.05 * np.arange(len(days)) + 18 * np.sin(2 * np.pi * days.dayofyear / 365.25)
temp = 11 - 9 * np.cos(2 * np.pi * (days.dayofyear - 15) / 365.25) + g.normal(0, 3, len(days))
holiday = (g.random(len(days)) < 0.03).astype(int)
sold = base * weekday[days.dayofweek] * (1 + .3 * holiday) - 0.8 * (temp - 11) + g.normal(0, 9, len(days))
ts = pd.DataFrame({"sold": sold.round(), "temp": temp, "holiday": holiday}, index=days)
ts.tail()
# %% count=3
ts["sold"].plot()
# %% count=4
ts.groupby(ts.index.dayofweek)["sold"].agg(["mean", "std"])
# %% count=5
# autocorrelation by hand
ac = [ts["sold"].autocorr(l) for l in range(1, 30)]
plt.stem(range(1, 30), ac)
# %% count=6
def features(df, lags=(1, 7, 14), windows=(7, 28)):
    f = pd.DataFrame(index=df.index)
    for l in lags:
        f[f"lag{l}"] = df["sold"].shift(l)
    for w in windows:
        f[f"mean{w}"] = df["sold"].shift(1).rolling(w).mean()
        f[f"std{w}"] = df["sold"].shift(1).rolling(w).std()
    f["temp"] = df["temp"]
    f["holiday"] = df["holiday"]
    f["t"] = np.arange(len(df))
    f = f.join(pd.get_dummies(df.index.dayofweek, prefix="d", dtype=float).set_index(df.index))
    f["y"] = df["sold"]
    return f.dropna()

data = features(ts)
data.iloc[0]
# %% count=7
cut = "2023-11-01"
past, future = data[:cut], data[cut:].iloc[1:]
Xp, yp = past.drop(columns="y"), past["y"]
Xf, yf = future.drop(columns="y"), future["y"]
print(Xp.shape, Xf.shape)
# %% [markdown]
# the bar to beat: same weekday last week
# %% count=8
def mape(y, p):
    return 100 * np.mean(np.abs(y - p) / y)

naive = Xf["lag7"]
mape(yf, naive)
# %% train count=9
from sklearn.linear_model import Ridge
lin = Ridge(1.0).fit(Xp, yp)
# %% metrics count=10
print("ridge", mape(yf, lin.predict(Xf)))
# %% count=11
pd.Series(lin.coef_, Xp.columns).sort_values().plot.barh(figsize=(5, 4))
# %% train count=14
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
gb = HistGradientBoostingRegressor(max_iter=80, learning_rate=0.08, random_state=0)
gb.fit(Xp, yp)
print("boosting", mape(yf, gb.predict(Xf)))
# %% count=15
both = pd.DataFrame({"real": yf, "ridge": lin.predict(Xf), "gb": gb.predict(Xf)})
both.iloc[:42].plot(style=["k.-", "-", "-"])
# %% [markdown]
# ## is it luck? walk forward
# %% train count=16
from sklearn.model_selection import TimeSeriesSplit
folds = []
for i, (a, b) in enumerate(TimeSeriesSplit(n_splits=5, test_size=45).split(data)):
    X_, y_ = data.iloc[a].drop(columns="y"), data.iloc[a]["y"]
    Xv, yv = data.iloc[b].drop(columns="y"), data.iloc[b]["y"]
    r = Ridge(1.0).fit(X_, y_)
    h = HistGradientBoostingRegressor(max_iter=60, random_state=0).fit(X_, y_)
    folds.append((i, mape(yv, Xv["lag7"]), mape(yv, r.predict(Xv)), mape(yv, h.predict(Xv))))
wf = pd.DataFrame(folds, columns=["fold", "naive", "ridge", "gb"]).set_index("fold")
# %% metrics count=17
wf.agg(["mean", "std"]).round(2)
# %% [markdown]
# ridge it is. How many to bake: the 80% quantile, not the mean
# %% train count=18
q80 = HistGradientBoostingRegressor(loss="quantile", quantile=0.8, max_iter=80, random_state=0)
q80.fit(Xp, yp)
# %% metrics count=20
bake = q80.predict(Xf)
print("days with enough bread:", np.mean(bake >= yf))
print("loaves left per day:", np.clip(bake - yf, 0, None).mean().round(1))
# %% count=21
def next_days(model, df, n=7):
    # feed own forecasts back in
    df = df.copy()
    for _ in range(n):
        d = df.index[-1] + pd.Timedelta(days=1)
        df.loc[d] = [0.0, df["temp"].iloc[-7:].mean(), 0]
        x = features(df).iloc[[-1]].drop(columns="y")
        df.loc[d, "sold"] = model.predict(x)[0]
    return df["sold"].iloc[-n:]

week = next_days(lin, ts)
week.round()
# %% count=22
pd.concat([ts["sold"].iloc[-21:], week]).plot(marker="o")
plt.axvline(ts.index[-1], color="grey")
# %% train count=13
# forest, just curious
rf = RandomForestRegressor(40, random_state=0, n_jobs=1).fit(Xp, yp)
mape(yf, rf.predict(Xf))
# %% count=12
# weather from last year as a forecast of the weather??
# ts["temp_ly"] = ts.temp.shift(365)
# %% count=23
import pickle
with open("bakery_ridge.pkl", "wb") as fh:
    pickle.dump({"model": lin, "columns": list(Xp.columns)}, fh)
