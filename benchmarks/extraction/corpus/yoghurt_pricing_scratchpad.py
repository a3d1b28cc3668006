# manner: pricing manager's scratchpad, df and model overwritten again and again, dead ends kept, curve fits
# needs: numpy pandas scipy scikit-learn matplotlib statsmodels
# seconds: 4
# %%
import pandas as pd, numpy as np
import matplotlib.pyplot as plt
from scipy.optimize import curve_fit
import statsmodels.api as sm
%matplotlib inline
# %%
np.random.seed(3)
weeks = 104
df = []
for sku, p0, q0, el in [("plain", 1.09, 900, -1.6), ("berry", 1.29, 700, -2.1), ("greek", 1.99, 300, -1.1), ("kids", .79, 500, -2.8)]:
    p = p0 * np.random.choice([1, 1, 1, .9, .8, 1.05], weeks)
    q = q0 * (p / p0) ** el * np.exp(np.random.normal(0, .1, weeks)) * (1 + .1 * np.sin(np.arange(weeks) / 52 * 6.28))
    df.append(pd.DataFrame({"week": range(weeks), "sku": sku, "price": p.round(2), "units": q.round()}))
df = pd.concat(df).reset_index(drop=True)
df
# %%
df.groupby("sku").price.value_counts().unstack(0)
# %%
df["promo"] = df.price < df.groupby("sku").price.transform("median")
df.groupby(["sku", "promo"]).units.mean().unstack()
# %%
for s, g in df.groupby("sku"):
    plt.scatter(g.price, g.units, s=6, label=s)
plt.legend(); plt.xlabel("price"); plt.show()
# %% [markdown]
# looks like power law, so logs
# %%
df["lp"] = np.log(df.price)
df["lq"] = np.log(df.units)
df[["lp", "lq"]].corr()
# %% train
# elasticities per sku
el = {}
for s, g in df.groupby("sku"):
    slope, const = np.polyfit(g.lp, g.lq, 1)
    el[s] = slope
el
# %%
pd.Series(el).plot.bar(title="elasticity"); plt.show()
# %% [markdown]
# plot for Sandra (line just for the eye)
# %%
g = df[df.sku == "berry"]
plt.scatter(g.lp, g.lq, s=5)
xx = np.linspace(g.lp.min(), g.lp.max(), 10)
plt.plot(xx, g.lq.mean() + el["berry"] * (xx - g.lp.mean()), "r")
plt.savefig("for_sandra.png")
# %% train
def demand(p, a, b, c):
    return a * np.exp(-b * p) + c

d = df[df.sku == "kids"]
popt, pcov = curve_fit(demand, d.price, d.units, p0=[2000, 2, 10], maxfev=5000)
popt
# %%
np.sqrt(np.diag(pcov))
# %%
# popt, pcov = curve_fit(lambda p, a, b: a * p ** b, d.price, d.units)
# popt
# %% metrics
resid = d.units - demand(d.price, *popt)
1 - (resid ** 2).sum() / ((d.units - d.units.mean()) ** 2).sum()
# %% [markdown]
# now everything in one model with season
# %%
df = df.assign(s=np.sin(df.week / 52 * 2 * np.pi), c=np.cos(df.week / 52 * 2 * np.pi))
df = pd.get_dummies(df, columns=["sku"], dtype=float)
skus = [c for c in df if c.startswith("sku_")]
for k in skus:
    df["lp_" + k[4:]] = df.lp * df[k]
df.columns
# %%
xs = ["s", "c"] + skus + [c for c in df if c.startswith("lp_")]
train, test = df[df.week < 80], df[df.week >= 80]
# %% train
model = sm.OLS(train.lq, train[xs]).fit()
model.params.filter(like="lp_")
# %% metrics
pred = np.exp(model.predict(test[xs]))
print("MAPE", (abs(pred - test.units) / test.units).mean())
# %% train
from sklearn.ensemble import RandomForestRegressor
model = RandomForestRegressor(60, min_samples_leaf=3, random_state=0)
model = model.fit(train[xs], train.lq)
pred = np.exp(model.predict(test[xs]))
print("MAPE", (abs(pred - test.units) / test.units).mean())
# %% [markdown]
# forest is worse, and prices outside the range are nonsense. back to OLS, with weights
# %% train
wt = .98 ** (80 - train.week)
model = sm.WLS(train.lq, train[xs], weights=wt).fit()
# %% metrics
print(model.rsquared, model.aic)
pred = np.exp(model.predict(test[xs]))
print("MAPE", (abs(pred - test.units) / test.units).mean())
# %%
margin = {"plain": .55, "berry": .6, "greek": .9, "kids": .35}   # unit cost
def profit(sku, price, week=90):
    row = dict.fromkeys(xs, 0.0)
    row["s"], row["c"] = np.sin(week / 52 * 2 * np.pi), np.cos(week / 52 * 2 * np.pi)
    row["sku_" + sku] = 1.0
    row["lp_" + sku] = np.log(price)
    q = np.exp(model.predict(pd.DataFrame([row])[xs])).iloc[0]
    return (price - margin[sku]) * q
# %%
profit("berry", 1.29), profit("berry", 1.19)
# %%
best = {}
for sku in margin:
    grid = np.arange(margin[sku] * 1.1, margin[sku] * 4, .05)
    best[sku] = round(grid[int(np.argmax([profit(sku, p) for p in grid]))], 2)
best
# %%
df = pd.DataFrame({"optimal": best, "elasticity": el})
# df.to_excel("prices.xlsx")   # no openpyxl here
df.to_csv("prices.csv")
df
