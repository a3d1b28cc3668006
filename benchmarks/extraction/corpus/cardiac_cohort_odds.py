# manner: a clinical researcher, statsmodels formulas, odds ratios and hazard ratios, tables for a paper, little programming
# needs: numpy pandas statsmodels scikit-learn scipy matplotlib
# seconds: 3
# %% [markdown]
# # 30-day readmission after discharge from cardiology
# Retrospective cohort, n = 700 (SIMULATED data, the real extract may not leave the hospital).
#
# Primary outcome: `readm30`. Secondary: time to death or censoring.
# %%
import numpy as np
import pandas as pd
import scipy.stats as st
import matplotlib.pyplot as plt
import statsmodels.api as sm
import statsmodels.formula.api as smf
pd.set_option("display.precision", 3)
# %%
rng = np.random.default_rng(1973)
N = 700
cohort = pd.DataFrame(index=pd.RangeIndex(1, N + 1, name="pid"))
cohort["age"] = rng.normal(68, 11, N).round().clip(30, 97)
cohort["sex"] = rng.choice(["F", "M"], N, p=[0.42, 0.58])
cohort["ef"] = rng.normal(48, 12, N).clip(12, 75)
cohort["dm"] = rng.binomial(1, 0.29, N)
cohort["nyha"] = rng.choice([1, 2, 3, 4], N, p=[0.2, 0.4, 0.3, 0.1])
cohort["crea"] = np.exp(rng.normal(0.1, 0.35, N))
cohort["bnp"] = np.exp(rng.normal(5.5, 0.9, N) - 0.02 * (cohort["ef"] - 48))
cohort.loc[rng.choice(cohort.index, 60, replace=False), "bnp"] = np.nan
# %%
lp = -3.2 + 0.03 * (cohort.age - 60) + 0.7 * cohort.dm + 0.45 * cohort.nyha - 0.03 * (cohort.ef - 48) + 0.5 * np.log(cohort.crea)
cohort["readm30"] = rng.binomial(1, 1 / (1 + np.exp(-lp)))
t = rng.exponential(900 * np.exp(-0.5 * (lp + 1.5)))
c = rng.uniform(100, 1200, N)
cohort["days"] = np.minimum(t, c).clip(1)
cohort["dead"] = (t <= c).astype(int)
# %%
cohort.describe().T
# %%
cohort.isna().sum()
# %% [markdown]
# ## Table 1
# %%
def p_of(var):
    a = cohort.loc[cohort.readm30 == 0, var].dropna()
    b = cohort.loc[cohort.readm30 == 1, var].dropna()
    return st.mannwhitneyu(a, b).pvalue

t1 = cohort.groupby("readm30")[["age", "ef", "crea", "bnp"]].agg(["median", lambda s: s.quantile(.75) - s.quantile(.25)]).T
t1
# %%
print({v: round(p_of(v), 4) for v in ["age", "ef", "crea", "bnp"]})
print(st.chi2_contingency(pd.crosstab(cohort.dm, cohort.readm30)).pvalue)
print(st.chi2_contingency(pd.crosstab(cohort.sex, cohort.readm30)).pvalue)
# %%
fig, ax = plt.subplots(1, 2, figsize=(9, 3))
cohort.boxplot("ef", by="readm30", ax=ax[0])
cohort.boxplot("age", by="readm30", ax=ax[1])
plt.suptitle("")
# %%
# Imputation of BNP: median by NYHA class (reviewer 2 asked for MI, see supplement)
cohort["bnp"] = cohort.groupby("nyha")["bnp"].transform(lambda s: s.fillna(s.median()))
cohort["logbnp"] = np.log(cohort["bnp"])
cohort["age10"] = cohort["age"] / 10
cohort["ef10"] = cohort["ef"] / 10
assert not cohort.isna().any().any()
# %% [markdown]
# ## Univariable models
# %% train
uni = []
for v in ["age10", "C(sex)", "ef10", "dm", "C(nyha)", "np.log(crea)", "logbnp"]:
    m = smf.logit(f"readm30 ~ {v}", data=cohort).fit(disp=0)
    ci = m.conf_int()
    for term in m.params.index[1:]:
        uni.append((term, np.exp(m.params[term]), np.exp(ci.loc[term, 0]), np.exp(ci.loc[term, 1]), m.pvalues[term]))
uni = pd.DataFrame(uni, columns=["term", "OR", "lo", "hi", "p"]).set_index("term")
uni
# %% [markdown]
# ## Multivariable model
# %% train
full = smf.logit("readm30 ~ age10 + C(sex) + ef10 + dm + nyha + np.log(crea) + logbnp", data=cohort).fit()
print(full.summary())
# %%
def or_table(res):
    out = np.exp(pd.concat([res.params, res.conf_int()], axis=1))
    out.columns = ["OR", "2.5%", "97.5%"]
    out["p"] = res.pvalues
    return out.drop("Intercept")

or_table(full)
# %%
tab = or_table(full)
fig, ax = plt.subplots(figsize=(5, 3))
ax.errorbar(tab["OR"], range(len(tab)), xerr=[tab["OR"] - tab["2.5%"], tab["97.5%"] - tab["OR"]], fmt="s", color="k")
ax.set_yticks(range(len(tab)), tab.index)
ax.axvline(1, ls=":"); ax.set_xscale("log")
fig.savefig("figure2_forest.png", dpi=120)
# %% train
# backward elimination, p > 0.1 leaves
terms = ["age10", "C(sex)", "ef10", "dm", "nyha", "np.log(crea)", "logbnp"]
while True:
    final = smf.logit("readm30 ~ " + " + ".join(terms), cohort).fit(disp=False)
    p = final.pvalues.drop("Intercept").rename(lambda s: s.split("[")[0])
    if p.max() < 0.1:
        break
    print("out:", p.idxmax(), round(p.max(), 3))
    terms.remove(p.idxmax())
# %% metrics
print("AIC full / final :", round(full.aic, 1), round(final.aic, 1))
print("McFadden R2      :", round(full.prsquared, 3), round(final.prsquared, 3))
print("LR test p        :", st.chi2.sf(2 * (full.llf - final.llf), full.df_model - final.df_model))
# %% metrics
from sklearn.metrics import roc_auc_score, brier_score_loss
cohort["risk"] = final.predict(cohort)
print("apparent AUC %.3f, Brier %.3f" % (roc_auc_score(cohort.readm30, cohort.risk), brier_score_loss(cohort.readm30, cohort.risk)))
# %% metrics
# Hosmer-Lemeshow
g = cohort.groupby(pd.qcut(cohort["risk"], 10, labels=False))
hl = g.agg(n=("risk", "size"), exp=("risk", "sum"), obs=("readm30", "sum"))
stat = (((hl.obs - hl.exp) ** 2) / (hl.exp * (1 - hl.exp / hl.n))).sum()
print(hl)
print("HL chi2 = %.2f, p = %.3f" % (stat, st.chi2.sf(stat, 8)))
# %%
plt.figure(figsize=(4, 4))
plt.plot(hl.exp / hl.n, hl.obs / hl.n, "o-")
plt.plot([0, .7], [0, .7], "k:")
plt.xlabel("predicted"); plt.ylabel("observed"); plt.show()
# %% [markdown]
# ## Internal validation (10-fold), optimism
# %% train
from sklearn.model_selection import StratifiedKFold
auc_cv = []
for tr, te in StratifiedKFold(10, shuffle=True, random_state=7).split(cohort, cohort.readm30):
    m = smf.logit("readm30 ~ " + " + ".join(terms), cohort.iloc[tr]).fit(disp=0)
    auc_cv.append(roc_auc_score(cohort.readm30.iloc[te], m.predict(cohort.iloc[te])))
# %% metrics
print("CV AUC %.3f (SD %.3f)" % (np.mean(auc_cv), np.std(auc_cv)))
# %% [markdown]
# ## Secondary outcome: mortality
# %%
from statsmodels.duration.survfunc import SurvfuncRight, survdiff
plt.figure(figsize=(5, 3))
for lev, d in cohort.groupby("dm"):
    sf = SurvfuncRight(d["days"], d["dead"])
    plt.step(sf.surv_times, sf.surv_prob, label=f"dm={lev}")
plt.legend()
survdiff(cohort["days"], cohort["dead"], cohort["dm"])
# %% train
cox = smf.phreg("days ~ 0 + age10 + ef10 + dm + nyha + logbnp", data=cohort, status=cohort["dead"].values, ties="breslow").fit()
cox.summary()
# %%
hr = pd.DataFrame({"HR": np.exp(cox.params), "p": cox.pvalues}, index=cox.model.exog_names).round(3)
hr.to_csv("table4_hr.csv")
hr
# %%
out = pd.read_csv("table4_hr.csv", index_col=0)
print(out.to_latex())
