# manner: software engineer's notebook, dataclasses and an Experiment class, target encoder, stacking, all in methods
# needs: numpy pandas scikit-learn catboost joblib matplotlib
# seconds: 4
# %% [markdown]
# # Used-car valuation
# Everything reproducible from `Config`.
# %%
from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Callable

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from catboost import CatBoostRegressor, Pool
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin, clone
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.ensemble import ExtraTreesRegressor, StackingRegressor
from sklearn.linear_model import ElasticNet, RidgeCV
from sklearn.metrics import mean_absolute_percentage_error, median_absolute_error, r2_score
from sklearn.model_selection import KFold, cross_val_score, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler, TargetEncoder

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger("cars")
# %%
@dataclass(frozen=True)
class Config:
    seed: int = 17
    rows: int = 1400
    test_share: float = 0.25
    cv: int = 3
    artifacts: Path = Path("artifacts")


cfg = Config()
cfg
# %%
class CarMarket:
    """Simulated listings; replaces the scraper."""

    MODELS = {"Golf": 21, "Polo": 15, "Astra": 17, "Octavia": 19, "Clio": 13, "Mondeo": 22, "Panda": 10, "A4": 31}

    def __init__(self, config: Config) -> None:
        self._rng = np.random.default_rng(config.seed)
        self._rows = config.rows

    def listings(self) -> pd.DataFrame:
        rng, n = self._rng, self._rows
        model = rng.choice(list(self.MODELS), n)
        age = rng.gamma(3, 2.2, n).clip(0.1, 25)
        km = age * rng.normal(14, 4, n).clip(2)
        frame = pd.DataFrame({
            "model": model, "age": age.round(1), "km_thousand": km.round(), "fuel": rng.choice(["petrol", "diesel", "hybrid"], n, p=[0.5, 0.42, 0.08]),
            "dealer": [f"dealer_{k:03d}" for k in rng.integers(0, 90, n)], "power": rng.normal(105, 25, n).clip(45).round(),
        })
        new = pd.Series(model).map(self.MODELS).to_numpy() * 1000
        frame["price"] = new * np.exp(-0.11 * age - 0.0015 * km + 0.004 * (frame.power - 105) + rng.normal(0, 0.12, n))
        return frame.round({"price": 0})


cars = CarMarket(cfg).listings()
cars.head()
# %%
cars.describe(include="all").T
# %%
fig, ax = plt.subplots(figsize=(6, 3))
for name, group in cars.groupby("model"):
    ax.scatter(group.age, group.price, s=3, label=name)
ax.legend(fontsize=6)
plt.show()
# %% [markdown]
# ## Building blocks
# %%
class Depreciation(BaseEstimator, TransformerMixin):
    """Add features that dealers look at."""

    def fit(self, X: pd.DataFrame, y: Any = None) -> "Depreciation":
        self.power_ = X.groupby("model").power.median()
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        return X.assign(km_per_year=X.km_thousand / X.age.clip(lower=0.5),
                        power_above=X.power - X.model.map(self.power_).fillna(X.power.median()),
                        log_age=np.log1p(X.age))


Depreciation().fit(cars).transform(cars).filter(["km_per_year", "power_above", "log_age"]).head(3)
# %%
def encode(seed: int = cfg.seed) -> ColumnTransformer:
    return ColumnTransformer([
        ("te", TargetEncoder(target_type="continuous", cv=3, shuffle=True, random_state=seed), ["model", "dealer", "fuel"]),
        ("num", StandardScaler(), make_column_selector(dtype_include="number")),
    ])


def in_logs(regressor: BaseEstimator) -> TransformedTargetRegressor:
    return TransformedTargetRegressor(Pipeline([("features", Depreciation()), ("encode", encode()), ("reg", regressor)]),
                                      func=np.log, inverse_func=np.exp)
# %%
class MedianByModel(BaseEstimator, RegressorMixin):
    """The naive valuation."""

    def fit(self, X, y):
        self.table_ = pd.Series(np.asarray(y)).groupby(X.model.to_numpy()).median()
        return self

    def predict(self, X):
        return X.model.map(self.table_).to_numpy()
# %%
@dataclass
class Experiment:
    config: Config
    data: pd.DataFrame
    metrics: dict[str, Callable] = field(default_factory=lambda: {
        "mape": mean_absolute_percentage_error, "medae": median_absolute_error, "r2": r2_score})
    fitted: dict[str, Any] = field(default_factory=dict)
    cv_scores: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        X, y = self.data.drop(columns="price"), self.data.price
        self.X_train, self.X_test, self.y_train, self.y_test = train_test_split(
            X, y, test_size=self.config.test_share, random_state=self.config.seed)

    def run(self, name: str, estimator: BaseEstimator) -> "Experiment":
        folds = KFold(self.config.cv, shuffle=True, random_state=self.config.seed)
        self.cv_scores[name] = -cross_val_score(clone(estimator), self.X_train, self.y_train, cv=folds,
                                                scoring="neg_mean_absolute_percentage_error")
        self.fitted[name] = clone(estimator).fit(self.X_train, self.y_train)
        logger.info("%s: cv mape %.3f", name, self.cv_scores[name].mean())
        return self

    def report(self) -> pd.DataFrame:
        rows = {}
        for name, model in self.fitted.items():
            prediction = model.predict(self.X_test)
            rows[name] = {m: f(self.y_test, prediction) for m, f in self.metrics.items()}
        return pd.DataFrame(rows).T

    def save(self, name: str) -> Path:
        self.config.artifacts.mkdir(exist_ok=True)
        path = self.config.artifacts / f"{name}.joblib"
        joblib.dump(self.fitted[name], path)
        return path


exp = Experiment(cfg, cars)
len(exp.X_train), len(exp.X_test)
# %%
trees = ExtraTreesRegressor(n_estimators=40, min_samples_leaf=2, random_state=cfg.seed, n_jobs=1)
net = ElasticNet(alpha=0.001, l1_ratio=0.3)
stack = StackingRegressor([("trees", trees), ("net", net)], final_estimator=RidgeCV(), cv=3)
# %% train
exp.run("naive", MedianByModel()).run("elastic net", in_logs(net)).run("extra trees", in_logs(trees))
# %% metrics
exp.report()
# %% train
exp.run("stack", in_logs(stack))
# %% metrics
board = exp.report().assign(cv_mape={k: v.mean() for k, v in exp.cv_scores.items()})
board.sort_values("mape").round(3)
# %%
plt.boxplot(list(exp.cv_scores.values()), tick_labels=list(exp.cv_scores))
plt.ylabel("cv MAPE")
plt.show()
# %%
exp.fitted["stack"].regressor_["reg"].final_estimator_.coef_
# %% [markdown]
# ## Would CatBoost do all this on its own?
# %%
cat_cols = ["model", "fuel", "dealer"]
train_pool = Pool(exp.X_train, np.log(exp.y_train), cat_features=cat_cols)
test_pool = Pool(exp.X_test, np.log(exp.y_test), cat_features=cat_cols)
boost = CatBoostRegressor(iterations=150, depth=5, learning_rate=0.12, loss_function="MAE", random_seed=cfg.seed,
                          thread_count=1, logging_level="Silent", allow_writing_files=False)
# %% train
boost.fit(train_pool, eval_set=test_pool, early_stopping_rounds=25)
# %% metrics
{name: f(exp.y_test, np.exp(boost.predict(test_pool))) for name, f in exp.metrics.items()}
# %%
pd.Series(boost.get_feature_importance(train_pool), index=exp.X_train.columns).sort_values(ascending=False)
# %% [markdown]
# ## Sensitivity: another seed
# %% train
other = Experiment(replace(cfg, seed=18), CarMarket(replace(cfg, seed=18)).listings())
other.run("stack", in_logs(stack))
other.report()
# %%
# Smoke test of the artifact
path = exp.save("stack")
valuation = joblib.load(path).predict(pd.DataFrame([{"model": "Golf", "age": 4.0, "km_thousand": 60.0, "fuel": "petrol",
                                                     "dealer": "dealer_007", "power": 110.0}]))
print(path, valuation.round(-2))
# %%
# class OnlineExperiment(Experiment):
#     def run(self, name, estimator):
#         for chunk in np.array_split(self.X_train, 10):
#             estimator.partial_fit(chunk, ...)
