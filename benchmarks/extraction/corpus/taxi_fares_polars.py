# manner: data engineer turned modeller, polars lazy frames, native XGBoost API, few plots, terse
# needs: numpy polars xgboost scikit-learn matplotlib
# seconds: 4
# %% count=1
import time
import numpy as np
import polars as pl
import xgboost as xgb
from sklearn.metrics import mean_absolute_error, r2_score
# %% count=2
N = 6000
rng = np.random.default_rng(123)
start = np.datetime64("2019-03-01", "ms")
trips = pl.DataFrame({
    "pickup": start + rng.integers(0, 60 * 24 * 60, N).astype("timedelta64[m]"),
    "plat": 40.75 + rng.normal(0, 0.03, N), "plon": -73.98 + rng.normal(0, 0.03, N),
    "dlat": 40.75 + rng.normal(0, 0.04, N), "dlon": -73.98 + rng.normal(0, 0.04, N),
    "passengers": rng.choice([1, 1, 1, 2, 2, 3, 4, 6], N),
    "vendor": rng.choice(["CMT", "VTS", "DDS"], N, p=[0.45, 0.5, 0.05]),
})
trips.head()
# %% count=3
def haversine():
    lat1, lat2 = pl.col("plat").radians(), pl.col("dlat").radians()
    dl = (pl.col("dlon") - pl.col("plon")).radians()
    a = ((lat2 - lat1) / 2).sin() ** 2 + lat1.cos() * lat2.cos() * (dl / 2).sin() ** 2
    return (2 * 6371 * a.sqrt().arcsin()).alias("km")

trips = trips.with_columns(haversine(), pl.col("pickup").dt.hour().alias("hour"))
rush = trips["hour"].is_in([8, 9, 17, 18]).to_numpy()
fare = 3 + (1.9 + 0.5 * rush) * trips["km"].to_numpy() + 0.3 * (trips["vendor"] == "DDS").to_numpy() + rng.gamma(2, .7, N)
trips = trips.with_columns(pl.Series("fare", np.round(fare, 2)))
trips.write_parquet("trips.parquet")
# %% count=4
trips.describe()
# %% count=5
trips.group_by("hour").agg(pl.len(), pl.col("fare").mean().round(2), pl.col("km").mean().round(2)).sort("hour")
# %% count=6
trips.null_count()
# %% [markdown]
# ### features
# %% count=7
lazy = (
    pl.scan_parquet("trips.parquet")
    .filter((pl.col("km") > 0.1) & (pl.col("fare") < 100))
    .with_columns(
        pl.col("pickup").dt.weekday().alias("dow"),
        (pl.col("hour") * np.pi / 12).sin().alias("h_sin"),
        (pl.col("hour") * np.pi / 12).cos().alias("h_cos"),
        ((pl.col("plat") - 40.64).pow(2) + (pl.col("plon") + 73.78).pow(2)).sqrt().alias("jfk"),
        pl.col("hour").is_in([8, 9, 17, 18]).cast(pl.Int8).alias("rush"),
    )
    .with_columns((pl.col("km") * pl.col("rush")).alias("km_rush"))
    .sort("pickup", "fare", "plat")
)
print(lazy.explain()[:400])
# %% count=8
feats = lazy.collect()
vendor_mean = feats.group_by("vendor").agg(pl.col("km").mean().alias("vendor_km"), pl.len().alias("vendor_n")).sort("vendor")
feats = feats.join(vendor_mean, on="vendor", how="left", maintain_order="left")
vendor_mean
# %% count=9
cut = int(feats.height * 0.8)
tr, te = feats[:cut], feats[cut:]
use = ["km", "hour", "dow", "h_sin", "h_cos", "jfk", "rush", "passengers", "vendor_km", "plat", "plon"]
# use += ["km_rush"]
X_tr, X_te = tr.select(use).to_numpy(), te.select(use).to_numpy()
y_tr, y_te = tr["fare"].to_numpy(), te["fare"].to_numpy()
print(X_tr.shape, tr["pickup"].max(), te["pickup"].min())
# %% count=10
dtrain = xgb.DMatrix(X_tr, y_tr, feature_names=use)
dtest = xgb.DMatrix(X_te, y_te, feature_names=use)
# %% [markdown]
# ### dumb model first
# by hand, least squares of fare on km
# %% train count=11
A = np.c_[np.ones(len(X_tr)), X_tr[:, 0]]
beta, *_ = np.linalg.lstsq(A, y_tr, rcond=None)
beta
# %% metrics count=12
dumb = beta[0] + beta[1] * X_te[:, 0]
print("mae", np.abs(dumb - y_te).mean(), "r2", r2_score(y_te, dumb))
# %% [markdown]
# ### boosted
# %% train count=13
params = {"eta": 0.15, "max_depth": 5, "subsample": 0.9, "seed": 7, "nthread": 1, "objective": "reg:squarederror"}
cv = xgb.cv(params, dtrain, num_boost_round=60, nfold=3, metrics="mae", seed=7, early_stopping_rounds=8)
best_round = len(cv)
cv.tail(3)
# %% count=14
best_round
# %% count=18
def mape_metric(pred, d):
    true = d.get_label()
    return "mape", float(np.mean(np.abs(pred - true) / np.maximum(true, 1)))

log = {}
# %% train count=19
t0 = time.perf_counter()
bst = xgb.train(params, dtrain, num_boost_round=best_round, evals=[(dtrain, "train"), (dtest, "test")],
                custom_metric=mape_metric, evals_result=log, verbose_eval=20)
print(f"{time.perf_counter() - t0:.2f} s")
# %% count=20
import matplotlib.pyplot as plt
plt.plot(log["train"]["rmse"]); plt.plot(log["test"]["rmse"]); plt.show()
# %% metrics count=21
print(bst.eval(dtest))
pred = bst.predict(dtest)
print(mean_absolute_error(y_te, pred), r2_score(y_te, pred))
# %% count=22
sorted(bst.get_score(importance_type="gain").items(), key=lambda kv: -kv[1])[:5]
# %% count=23
err = te.with_columns(pl.Series("pred", pred)).with_columns((pl.col("pred") - pl.col("fare")).alias("err"))
err.sort(pl.col("err").abs(), descending=True).head(5).select("pickup", "km", "fare", "pred")
# %% metrics count=24
err.group_by("rush").agg(pl.col("err").abs().mean().alias("mae"), pl.col("err").mean().alias("bias")).sort("rush")
# %% [markdown]
# a few more rounds with a smaller step
# %% train count=25
params["eta"] = 0.03
bst = xgb.train(params, dtrain, num_boost_round=20, xgb_model=bst)
bst.num_boosted_rounds()
# %% metrics count=26
mean_absolute_error(y_te, bst.predict(dtest))
# %% count=27
bst.save_model("fares.json")
loaded = xgb.Booster()
loaded.load_model("fares.json")
assert np.allclose(loaded.predict(dtest), bst.predict(dtest))
%timeit -n 3 -r 1 loaded.predict(dtest)
