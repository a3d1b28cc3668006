# manner: a "productionised" notebook of a retail company, config dict, logging, typed functions, main(), statsmodels and sklearn on a daily series, joblib, assert checks
# needs: numpy pandas statsmodels scikit-learn joblib matplotlib
# seconds: 3
# %% [markdown]
# # Bakery demand forecast, v0.7
# Owner: supply-chain analytics. Runs nightly, see `CONFIG`. Exploration at the top, the job at the bottom.
# %%
from __future__ import annotations

import hashlib
import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from statsmodels.tsa.holtwinters import ExponentialSmoothing
from statsmodels.tsa.seasonal import seasonal_decompose
from statsmodels.tsa.stattools import adfuller
# %% tags=parameters
CONFIG: dict[str, Any] = {
    "run_date": "2024-06-30",
    "horizon": 28,
    "history_days": 500,
    "lags": [7, 14, 28],
    "cv_splits": 3,
    "grid": {"model__n_estimators": [40, 80], "model__max_depth": [2, 3]},
    "seed": 20240630,
    "out": "artifacts",
    "max_wape": 0.35,
}
# %%
logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True)
log = logging.getLogger("bakery")
OUT = Path(CONFIG["out"])
OUT.mkdir(exist_ok=True)
# %%
def extract(cfg: dict[str, Any]) -> pd.DataFrame:
    """Stand-in for the warehouse query."""
    rng = np.random.default_rng(cfg["seed"])
    days = pd.date_range(end=cfg["run_date"], periods=cfg["history_days"], freq="D")
    weekly = np.array([1.0, 0.95, 0.97, 1.02, 1.2, 1.5, 0.6])[days.dayofweek]
    trend = np.linspace(180, 220, len(days))
    promo = rng.random(len(days)) < 0.06
    rain = rng.gamma(0.6, 4, len(days))
    units = trend * weekly * (1 + 0.25 * promo) - 1.5 * rain + rng.normal(0, 9, len(days))
    frame = pd.DataFrame({"units": units.round().clip(0), "promo": promo.astype(int), "rain": rain.round(1)}, index=days)
    frame.index.name = "day"
    return frame


raw = extract(CONFIG)
raw.to_csv(OUT / "extract.csv")
raw.tail()
# %% [markdown]
# ## Exploration (not part of the job)
# %%
sales = pd.read_csv(OUT / "extract.csv", parse_dates=["day"], index_col="day").asfreq("D")
sales["units"].plot(figsize=(11, 3))
# %%
seasonal_decompose(sales["units"], period=7).plot()
plt.show()
# %%
stat, p, *_ = adfuller(sales["units"])
log.info("ADF %.2f p=%.4f", stat, p)
# %%
sales.groupby(sales.index.day_name())["units"].agg(["mean", "std"])
# %% train
# Holt-Winters as the challenger nobody should lose against
hw_train, hw_test = sales["units"][: -CONFIG["horizon"]], sales["units"][-CONFIG["horizon"] :]
hw = ExponentialSmoothing(hw_train, trend="add", damped_trend=True, seasonal="add", seasonal_periods=7).fit()
hw_forecast = hw.forecast(CONFIG["horizon"])
# %%
ax = hw_test.plot(figsize=(9, 3), marker=".")
hw_forecast.plot(ax=ax)
# %%
def wape(y: pd.Series, f: Any) -> float:
    return float(np.abs(np.asarray(y) - np.asarray(f)).sum() / np.asarray(y).sum())


HW_WAPE = None
# %% metrics
HW_WAPE = wape(hw_test, hw_forecast)
log.info("Holt-Winters: WAPE %.3f, MAE %.1f, AIC %.0f", HW_WAPE, mean_absolute_error(hw_test, hw_forecast), hw.aic)
# %% [markdown]
# ## The job
# %%
class SeasonalNaive(BaseEstimator, RegressorMixin):
    """Yesterday's week."""

    def __init__(self, column: str = "lag_7"):
        self.column = column

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def predict(self, X):
        return X[self.column].to_numpy()


def build_features(frame: pd.DataFrame, cfg: dict[str, Any]) -> pd.DataFrame:
    out = frame.copy()
    for lag in cfg["lags"]:
        out[f"lag_{lag}"] = out["units"].shift(lag)
    out["mean_28"] = out["units"].shift(7).rolling(28).mean()
    out["dow"] = out.index.day_name()
    out["t"] = np.arange(len(out))
    return out.dropna()


def build_pipeline(cfg: dict[str, Any]) -> Pipeline:
    numeric = [f"lag_{lag}" for lag in cfg["lags"]] + ["mean_28", "promo", "rain", "t"]
    prep = ColumnTransformer([("num", StandardScaler(), numeric), ("cat", OneHotEncoder(handle_unknown="ignore"), ["dow"])])
    return Pipeline([("prep", prep), ("model", GradientBoostingRegressor(random_state=cfg["seed"]))])
# %%
def split(frame: pd.DataFrame, cfg: dict[str, Any]):
    h = cfg["horizon"]
    y = frame.pop("units")
    return frame.iloc[:-h], frame.iloc[-h:], y.iloc[:-h], y.iloc[-h:]


def tune(X: pd.DataFrame, y: pd.Series, cfg: dict[str, Any]) -> GridSearchCV:
    search = GridSearchCV(build_pipeline(cfg), cfg["grid"], cv=TimeSeriesSplit(cfg["cv_splits"]), scoring="neg_mean_absolute_error", n_jobs=1)
    return search.fit(X, y)


def assess(model: Any, X: pd.DataFrame, y: pd.Series) -> dict[str, float]:
    forecast = model.predict(X)
    return {"mae": round(float(mean_absolute_error(y, forecast)), 2), "wape": round(wape(y, forecast), 4)}
# %%
# unit checks, cheap
_f = build_features(raw, CONFIG)
assert not _f.isna().any().any()
assert (_f["lag_7"].iloc[10] == raw["units"].loc[_f.index[10] - pd.Timedelta(days=7)])
assert wape(pd.Series([1.0, 1.0]), [1.0, 0.0]) == 0.5
_a, _b, _c, _d = split(_f, CONFIG)
assert len(_b) == CONFIG["horizon"] and "units" not in _a
# %%
# floor
naive = SeasonalNaive()
log.info("seasonal naive %s", assess(naive, _b, _d))
# %%
def main(cfg: dict[str, Any]) -> dict[str, Any]:
    started = time.perf_counter()
    frame = build_features(pd.read_csv(OUT / "extract.csv", parse_dates=["day"], index_col="day"), cfg)
    X_train, X_test, y_train, y_test = split(frame, cfg)
    log.info("train %s test %s", X_train.shape, X_test.shape)
    search = tune(X_train, y_train, cfg)
    report = {"best": search.best_params_, **assess(search.best_estimator_, X_test, y_test)}
    if report["wape"] > cfg["max_wape"]:
        log.error("quality gate failed: %s", report)
        raise SystemExit(2)
    final = clone(search.best_estimator_).fit(pd.concat([X_train, X_test]), pd.concat([y_train, y_test]))
    path = OUT / "model.joblib"
    joblib.dump(final, path)
    (OUT / "report.json").write_text(json.dumps(report, indent=1))
    log.info("done in %.1f s", time.perf_counter() - started)
    return {"report": report, "path": path, "model": final}
# %% train
result = main(CONFIG)
# %% metrics
print(json.loads((OUT / "report.json").read_text()))
print("better than Holt-Winters:", result["report"]["wape"] < HW_WAPE)
# %%
log.info("sha256 %s", hashlib.sha256(result["path"].read_bytes()).hexdigest()[:12])
loaded = joblib.load(result["path"])
assert np.allclose(loaded.predict(_b), result["model"].predict(_b))
# %%
gb = loaded.named_steps["model"]
pd.Series(gb.feature_importances_, loaded.named_steps["prep"].get_feature_names_out()).nlargest(6)
# %% train
# shadow model for next quarter: linear, same features
shadow = build_pipeline(CONFIG).set_params(model=Ridge(3.0))
shadow.fit(_a, _c)
# %% metrics
assess(shadow, _b, _d)
# %%
for f in sorted(OUT.iterdir()):
    print(f.name, f.stat().st_size)
