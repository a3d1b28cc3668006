# manner: company analyst, ColumnTransformer pipeline, report for the managers at the end
# needs: numpy pandas scikit-learn matplotlib joblib
# seconds: 3
# %% [markdown]
# # Customer churn: Q3 model refresh
#
# Owner: CRM analytics. Supersedes the Q1 notebook.
# %% count=1
from datetime import date
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (average_precision_score, classification_report, precision_recall_curve,
                             roc_auc_score)
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

RANDOM_STATE = 20230930
OUT = Path("reports")
OUT.mkdir(exist_ok=True)
# %% [markdown]
# ## 1. Data
# The warehouse query is replaced by an anonymised simulation for sharing.
# %% count=2
def load_customers(n_customers: int = 1500) -> pd.DataFrame:
    """Return one row per active customer at the snapshot date."""
    gen = np.random.default_rng(RANDOM_STATE)
    tenure = gen.integers(1, 72, n_customers)
    contract = gen.choice(["monthly", "1y", "2y"], n_customers, p=[0.55, 0.25, 0.20])
    charge = gen.normal(55, 20, n_customers).clip(10).round(2)
    tickets = gen.poisson(0.8, n_customers)
    internet = gen.choice(["fiber", "dsl", "none"], n_customers)
    score = -0.6 - 0.035 * tenure + 0.012 * charge + 0.45 * tickets
    score = score + np.where(contract == "monthly", 0.9, -0.5) + np.where(internet == "fiber", 0.4, 0.0)
    churn = gen.random(n_customers) < 1 / (1 + np.exp(-score))
    customers = pd.DataFrame(
        {"customer_id": [f"C{i:05d}" for i in range(n_customers)], "tenure": tenure, "contract": contract,
         "monthly_charge": charge, "tickets_90d": tickets, "internet": internet, "churn": churn.astype(int)}
    )
    customers.loc[gen.random(n_customers) < 0.06, "monthly_charge"] = np.nan
    return customers


customers = load_customers()
customers.sample(5, random_state=1)
# %% count=3
print(f"{len(customers):,} customers, churn rate {customers.churn.mean():.1%}")
customers.groupby("contract").churn.agg(["mean", "size"])
# %% count=4
fig, axes = plt.subplots(1, 2, figsize=(10, 3))
customers.boxplot(column="tenure", by="churn", ax=axes[0])
customers.groupby("tickets_90d").churn.mean().plot.bar(ax=axes[1])
fig.savefig(OUT / "overview.png")
plt.close(fig)
# %% count=5
customers["lifetime_value"] = customers.tenure * customers.monthly_charge
customers["tickets_per_year"] = customers.tickets_90d * 4
numeric = ["tenure", "monthly_charge", "tickets_90d", "lifetime_value"]
categorical = ["contract", "internet"]
# %% count=6
train_df, holdout_df = train_test_split(customers, test_size=0.3, stratify=customers.churn, random_state=RANDOM_STATE)
assert not set(train_df.customer_id) & set(holdout_df.customer_id)
# %% [markdown]
# ## 2. Preprocessing
# %% count=7
preprocess = ColumnTransformer(
    [
        ("num", Pipeline([("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())]), numeric),
        ("cat", OneHotEncoder(handle_unknown="ignore", sparse_output=False), categorical),
    ]
)
preprocess.fit(train_df)
pd.DataFrame(preprocess.transform(train_df), columns=preprocess.get_feature_names_out()).describe().round(2)
# %% [markdown]
# ## 3. Models
# %% train count=8
baseline = Pipeline([("prep", preprocess), ("model", LogisticRegression(max_iter=500))])
baseline.fit(train_df, train_df.churn)
# %% count=9
coefficients = pd.Series(baseline["model"].coef_[0], index=baseline["prep"].get_feature_names_out())
coefficients.sort_values().round(3)
# %% metrics count=10
p_base = baseline.predict_proba(holdout_df)[:, 1]
roc_auc_score(holdout_df.churn, p_base), average_precision_score(holdout_df.churn, p_base)
# %% count=11
challenger = Pipeline(
    [("prep", preprocess), ("model", HistGradientBoostingClassifier(max_iter=40, random_state=RANDOM_STATE))]
)
grid = {"model__learning_rate": [0.05, 0.1], "model__max_leaf_nodes": [7, 15]}
search = GridSearchCV(challenger, grid, scoring="roc_auc", cv=StratifiedKFold(3), n_jobs=1)
# %% train count=12
%%time
search.fit(train_df, train_df.churn)
# %% metrics count=13
pd.DataFrame(search.cv_results_)[["params", "mean_test_score", "std_test_score", "rank_test_score"]]
# %% count=14
search.best_params_
# %% count=15
p_chal = search.best_estimator_.predict_proba(holdout_df)[:, 1]
plt.hist(p_base, bins=30, alpha=0.5, label="baseline")
plt.hist(p_chal, bins=30, alpha=0.5, label="challenger")
plt.legend()
plt.close()
# %% metrics count=16
comparison = pd.DataFrame(
    {
        name: {"roc_auc": roc_auc_score(holdout_df.churn, p), "avg_precision": average_precision_score(holdout_df.churn, p)}
        for name, p in {"baseline": p_base, "challenger": p_chal}.items()
    }
).T
comparison.round(4)
# %% [markdown]
# ## 4. Who gets the retention call?
# The call centre can take 120 customers a month.
# %% count=17
scored = holdout_df.assign(p_churn=p_chal).sort_values("p_churn", ascending=False)
capacity = 120
call_list = scored.head(capacity)
threshold = call_list.p_churn.min()
call_list[["customer_id", "contract", "tenure", "p_churn"]].head(10)
# %% metrics count=18
print(classification_report(scored.churn, (scored.p_churn >= threshold).astype(int), target_names=["stays", "leaves"]))
# %% count=19
precision, recall, cuts = precision_recall_curve(holdout_df.churn, p_chal)
plt.plot(recall, precision)
plt.xlabel("recall")
plt.ylabel("precision")
plt.savefig(OUT / "pr_curve.png")
plt.close()
# %% [markdown]
# ## 5. Hand-over
# %% count=20
bundle = {"model": search.best_estimator_, "threshold": float(threshold), "columns": numeric + categorical,
          "snapshot": date(2023, 9, 30).isoformat()}
joblib.dump(bundle, OUT / "churn_model.joblib")
# %% metrics count=21
again = joblib.load(OUT / "churn_model.joblib")
check = roc_auc_score(holdout_df.churn, again["model"].predict_proba(holdout_df)[:, 1])
assert abs(check - comparison.loc["challenger", "roc_auc"]) < 1e-9
print(f"reloaded model, ROC AUC {check:.4f}")
# %% count=22
lines = [f"# Churn model, {bundle['snapshot']}", f"Customers: {len(customers)}", f"Threshold: {threshold:.3f}"]
(OUT / "summary.md").write_text("\n".join(lines))
