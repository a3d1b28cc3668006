# manner: French retail analyst, demand forecasting, comments in French, backtest by hand
# needs: numpy pandas matplotlib lightgbm scikit-learn
# seconds: 3
# %% [markdown]
# # Prévision des ventes quotidiennes (boulangerie)
# Objectif : prévoir 14 jours pour 3 produits et 2 magasins.
# %%
import numpy as np, pandas as pd
import matplotlib.pyplot as plt
import lightgbm as lgb
from sklearn.metrics import mean_absolute_error

np.random.seed(11)
HORIZON = 14
# %%
# on fabrique l'historique puisque l'extraction SAP n'est pas partageable
jours = pd.date_range('2022-01-01', '2023-06-30', freq='D')
lignes = []
for magasin in ['Nantes', 'Rezé']:
    for produit, base in [('baguette', 220), ('croissant', 90), ('tarte', 14)]:
        niveau = base * (1.15 if magasin == 'Nantes' else .8)
        saison = 1 + .12 * np.sin(2 * np.pi * jours.dayofyear / 365)
        semaine = np.where(jours.dayofweek == 6, 1.5, np.where(jours.dayofweek == 0, .6, 1))
        promo = np.random.binomial(1, .06, len(jours))
        ventes = np.random.poisson(niveau * saison * semaine * (1 + .3 * promo))
        lignes.append(pd.DataFrame({'date': jours, 'magasin': magasin, 'produit': produit, 'promo': promo, 'ventes': ventes}))
ventes = pd.concat(lignes, ignore_index=True)
ventes.to_csv('ventes.csv', index=False)
# %%
df = pd.read_csv('ventes.csv', parse_dates=['date'])
df.tail()
# %%
df.groupby(['magasin', 'produit']).ventes.describe().round(1)
# %%
# un coup d'oeil
for (m, p), g in df.groupby(['magasin', 'produit']):
    plt.plot(g.date, g.ventes.rolling(7).mean(), label=f'{m} {p}')
plt.legend(fontsize=7)
plt.show()
# %%
pivot = df.pivot_table(index=df.date.dt.dayofweek, columns='produit', values='ventes')
pivot
# %% [markdown]
# ## Variables
# Attention : pas de fuite ! tous les retards >= HORIZON.
# %%
def ajouter_variables(d):
    d = d.sort_values(['magasin', 'produit', 'date']).copy()
    g = d.groupby(['magasin', 'produit'])['ventes']
    for k in (HORIZON, HORIZON + 7, 28):
        d[f'retard_{k}'] = g.shift(k)
    d['moy_28'] = g.transform(lambda s: s.shift(HORIZON).rolling(28).mean())
    d['ecart_28'] = g.transform(lambda s: s.shift(HORIZON).rolling(28).std())
    d['jour'] = d.date.dt.dayofweek
    d['mois'] = d.date.dt.month
    d['jour_annee'] = d.date.dt.dayofyear
    return d

df = ajouter_variables(df)
df.isna().mean()
# %%
df = df.dropna().reset_index(drop=True)
for c in ('magasin', 'produit'):
    df[c] = df[c].astype('category')
variables = [c for c in df.columns if c not in ('date', 'ventes')]
variables
# %%
coupure = df.date.max() - pd.Timedelta(days=HORIZON)
app, val = df[df.date <= coupure], df[df.date > coupure]
print(coupure.date(), len(app), len(val))
# %% [markdown]
# ## Modèle
# %% train
parametres = dict(objective='poisson', learning_rate=.08, num_leaves=15, min_child_samples=20, verbosity=-1, num_threads=1, seed=3)
jeu = lgb.Dataset(app[variables], app.ventes)
modele = lgb.train(parametres, jeu, num_boost_round=120)
# %%
lgb.plot_importance(modele, max_num_features=10)
plt.show()
# %%
val = val.assign(prevision=modele.predict(val[variables]), naif=val[f'retard_{HORIZON}'])
# %%
ex = val[(val.magasin == 'Nantes') & (val.produit == 'croissant')]
plt.plot(ex.date, ex.ventes, 'k', label='réel')
plt.plot(ex.date, ex.prevision, 'r--', label='prévu')
plt.plot(ex.date, ex.naif, 'b:', label='naïf')
plt.legend(); plt.show()
# %% metrics
def wape(reel, prevu):
    return np.abs(reel - prevu).sum() / reel.sum()

print('MAE  modèle', mean_absolute_error(val.ventes, val.prevision))
print('WAPE modèle %.3f  naïf %.3f' % (wape(val.ventes, val.prevision), wape(val.ventes, val.naif)))
# %% metrics
val.groupby('produit', observed=True)[['ventes', 'prevision']].apply(lambda g: wape(g.ventes, g.prevision))
# %% metrics
# biais en % : est-ce qu'on gaspille du pain ?
biais = (val.prevision.sum() - val.ventes.sum()) / val.ventes.sum() * 100
round(biais, 2)
# %% [markdown]
# ## Backtest glissant
# %%
def decouper(d, n):
    fin = d.date.max()
    for k in range(n, 0, -1):
        c = fin - pd.Timedelta(days=HORIZON * k)
        yield c, d[d.date <= c], d[(d.date > c) & (d.date <= c + pd.Timedelta(days=HORIZON))]

def evaluer(n_fenetres, tours=80):
    resultats = []
    for c, a, v in decouper(df, n_fenetres):
        m = lgb.train(parametres, lgb.Dataset(a[variables], a.ventes), tours)
        resultats.append((c.date(), wape(v.ventes, m.predict(v[variables]))))
    return pd.DataFrame(resultats, columns=['origine', 'wape'])
# %% train
backtest = evaluer(4)
backtest
# %% metrics
print(f"WAPE moyen {backtest.wape.mean():.3f} (+/- {backtest.wape.std():.3f})")
# %%
# essai avec plus de tours : pas mieux, on laisse
# evaluer(4, tours=400)
# %% train
# modèle final sur tout l'historique
final = lgb.train(parametres, lgb.Dataset(df[variables], df.ventes), num_boost_round=120)
final.save_model('modele_boulangerie.txt')
# %%
futur = pd.DataFrame([(d, m, p) for d in pd.date_range(df.date.max() + pd.Timedelta(days=1), periods=HORIZON)
                      for m in df.magasin.cat.categories for p in df.produit.cat.categories], columns=['date', 'magasin', 'produit'])
futur['promo'] = 0
complet = ajouter_variables(pd.concat([df[['date', 'magasin', 'produit', 'promo', 'ventes']], futur], ignore_index=True))
for c in ('magasin', 'produit'):
    complet[c] = pd.Categorical(complet[c], categories=df[c].cat.categories)
demande = complet[complet.ventes.isna()].copy()
demande['prevision'] = final.predict(demande[variables]).round()
demande.pivot_table(index='date', columns=['magasin', 'produit'], values='prevision', observed=True)
# %%
demande[['date', 'magasin', 'produit', 'prevision']].to_csv('commande.csv', index=False)
!ls
