# manner: econometrics student in Germany, statsmodels formulas, tests on residuals, few words
# needs: numpy pandas statsmodels matplotlib scipy
# seconds: 3
# %% [markdown]
# # Hotelpreise in Hamburg: hedonisches Modell
# Hausarbeit, Stand 12.05.
# %% count=1
import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import stats
import matplotlib.pyplot as plt
# %% count=2
rng = np.random.default_rng(1899)
n = 480
sterne = rng.integers(1, 6, n)
entfernung = rng.gamma(2, 1.6, n)
bewertung = np.clip(rng.normal(7 + .3 * sterne, .8, n), 1, 10)
stadtteil = rng.choice(['Altona', 'Mitte', 'Eimsbüttel', 'Harburg'], n, p=[.25, .4, .2, .15])
fruehstueck = rng.binomial(1, .4, n)
eps = rng.standard_t(6, n) * (.08 + .02 * entfernung)
lpreis = 3.6 + .17 * sterne - .05 * entfernung + .06 * bewertung + .05 * fruehstueck + np.where(stadtteil == 'Mitte', .12, 0) + eps
daten = pd.DataFrame(dict(preis=np.exp(lpreis), sterne=sterne, entfernung=entfernung, bewertung=bewertung,
                          stadtteil=stadtteil, fruehstueck=fruehstueck))
daten['buchungen'] = rng.poisson(np.exp(2.2 - .004 * daten.preis + .12 * daten.bewertung))
# %% count=3
daten.describe().round(2)
# %% count=4
daten.groupby('stadtteil').preis.agg(['mean', 'median', 'count'])
# %% count=5
fig, (a, b) = plt.subplots(1, 2, figsize=(9, 3))
a.hist(daten.preis, 40)
b.hist(np.log(daten.preis), 40)
plt.show()
# %% count=6
# Normalverteilt? (nur zum Anschauen)
stats.jarque_bera(np.log(daten.preis))
# %% count=7
daten['lpreis'] = np.log(daten.preis)
print(daten[['lpreis', 'sterne', 'entfernung', 'bewertung']].corr())
# %% [markdown]
# ## Modell 1
# %% train count=8
m1 = smf.ols('lpreis ~ sterne + entfernung', data=daten).fit()
print(m1.summary())
# %% [markdown]
# ## Modell 2 mit Stadtteil, Bewertung
# %% train count=12
m2 = smf.ols('lpreis ~ C(sterne) + entfernung + I(entfernung**2) + bewertung + C(stadtteil) + fruehstueck', data=daten).fit()
# %% metrics count=13
m2.summary()
# %% metrics count=14
print('R2 adj.', m1.rsquared_adj, m2.rsquared_adj)
print('AIC    ', m1.aic, m2.aic)
# %% count=15
sm.stats.anova_lm(m1, m2)
# %% [markdown]
# Diagnose
# %% count=16
from statsmodels.stats.diagnostic import het_breuschpagan, linear_reset
lm, p, f, pf = het_breuschpagan(m2.resid, m2.model.exog)
print('Breusch-Pagan p =', p)
# %% count=17
sm.qqplot(m2.resid, line='s')
plt.show()
plt.scatter(m2.fittedvalues, m2.resid, s=5)
plt.axhline(0, color='k')
plt.show()
# %% count=18
from statsmodels.stats.outliers_influence import variance_inflation_factor
Z = sm.add_constant(daten[['sterne', 'entfernung', 'bewertung', 'fruehstueck']])
pd.Series([variance_inflation_factor(Z.values, i) for i in range(Z.shape[1])], index=Z.columns)
# %% count=19
infl = m2.get_influence().cooks_distance[0]
ausreisser = np.where(infl > 4 / n)[0]
len(ausreisser)
# %% [markdown]
# Heteroskedastisch -> robuste Standardfehler, und ohne Ausreißer
# %% train count=20
m3 = smf.ols(m2.model.formula, data=daten.drop(index=ausreisser)).fit(cov_type='HC3')
m3.params.round(4)
# %% count=21
vergleich = pd.DataFrame({'m2': m2.params, 'm3': m3.params, 'se2': m2.bse, 'se3': m3.bse})
vergleich
# %% count=22
print(m3.t_test('entfernung = 0'))
print(m3.conf_int().loc['bewertung'])
# %% [markdown]
# ## Out-of-sample
# %% train count=23
maske = rng.random(n) < .75
schaetz = smf.ols('lpreis ~ sterne + entfernung + bewertung + C(stadtteil)', daten[maske]).fit()
vorh = schaetz.predict(daten[~maske])
# %% metrics count=24
fehler = daten.lpreis[~maske] - vorh
print('RMSE', np.sqrt(np.mean(fehler ** 2)), ' R2 oos', 1 - fehler.var() / daten.lpreis[~maske].var())
# %% [markdown]
# ## Buchungen: GLM
# %% train count=25
poi = smf.glm('buchungen ~ preis + bewertung + C(stadtteil)', daten, family=sm.families.Poisson()).fit()
# %% count=26
np.exp(poi.params)
# %% metrics count=27
print('Devianz', poi.deviance, 'Pearson chi2/df', poi.pearson_chi2 / poi.df_resid)
# %% count=28
# überdispersion ok, NB nicht nötig
# nb = smf.glm('buchungen ~ preis + bewertung', daten, family=sm.families.NegativeBinomial()).fit()
# nb.summary()
# %% count=30
preise = np.linspace(40, 300, 30)
gitter = pd.DataFrame({'preis': preise, 'bewertung': 8.0, 'stadtteil': 'Mitte'})
umsatz = preise * poi.predict(gitter)
plt.plot(preise, umsatz)
plt.show()
print('bester Preis ca.', preise[np.argmax(umsatz)].round())
# %% count=31
print(vergleich.round(3).to_string())
