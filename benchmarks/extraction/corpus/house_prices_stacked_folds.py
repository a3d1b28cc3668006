# manner: Kaggle grandmaster wannabe, everything in fold loops, three boosters and a ridge on top
# needs: numpy pandas scikit-learn xgboost lightgbm catboost matplotlib
# seconds: 3
# %%
# !pip install -q catboost
import gc, random, os
import numpy as np, pandas as pd
import matplotlib.pyplot as plt
import lightgbm as lgb
import xgboost as xgb
from catboost import CatBoostRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from sklearn.metrics import mean_squared_error

pd.set_option('display.max_columns', 100)
# %%
class CFG:
    seed = 2024
    n_folds = 3
    target = 'log_price'
    debug = False
    rounds = 120
    es = 20

def seed_everything(seed=CFG.seed):
    random.seed(seed)
    np.random.seed(seed)
    os.environ['PYTHONHASHSEED'] = str(seed)

seed_everything()
# %%
def make(n, with_target=True):
    d = pd.DataFrame()
    d['area'] = np.random.normal(95, 30, n).clip(20)
    d['rooms'] = (d.area / 28 + np.random.normal(0, .7, n)).round().clip(1)
    d['year'] = np.random.randint(1900, 2023, n)
    d['district'] = np.random.choice([f'd{i:02d}' for i in range(25)], n)
    d['heating'] = np.random.choice(['gas', 'district', 'wood', None], n, p=[.5, .3, .1, .1])
    d['quality'] = np.random.randint(1, 11, n)
    d['garage'] = np.random.binomial(1, .6, n)
    d['dist_center'] = np.random.exponential(6, n)
    if with_target:
        eff = d.district.str[1:].astype(int) * 7 % 25 / 50
        d['log_price'] = (10.5 + .006 * d.area + .05 * d.quality + eff - .02 * d.dist_center
                          + .001 * (d.year - 1950) + .05 * d.garage + np.random.normal(0, .12, n))
    return d

train = make(1200)
test = make(300, with_target=False)
if CFG.debug:
    train = train.sample(200)
print(train.shape, test.shape)
# %%
train.head()
# %%
train[CFG.target].hist(bins=50); plt.title('target'); plt.show()
# %%
train.select_dtypes('number').corr()[CFG.target].sort_values(ascending=False)
# %% [markdown]
# ## FE
# %%
def fe(d):
    d = d.copy()
    d['age'] = 2023 - d['year']
    d['area_per_room'] = d['area'] / d['rooms']
    d['q_area'] = d['quality'] * np.log1p(d['area'])
    d['old'] = (d['age'] > 80).astype(int)
    d['heating'] = d['heating'].fillna('missing')
    # d['garage_q'] = d['garage'] * d['quality']   # cv worse
    return d

train, test = fe(train), fe(test)
# %%
# frequency encoding over train+test, label encoding for heating
both = pd.concat([train, test])
freq = both['district'].value_counts(normalize=True)
for d in (train, test):
    d['district_freq'] = d['district'].map(freq).astype(float)
codes = {v: k for k, v in enumerate(sorted(both['heating'].unique()))}
for d in (train, test):
    d['heating_le'] = d['heating'].map(codes)
del both; gc.collect()
# %%
folds = list(KFold(CFG.n_folds, shuffle=True, random_state=CFG.seed).split(train))

def oof_target_encode(tr, te, col, y, smooth=10):
    """out of fold mean of the target, smoothed"""
    prior = y.mean()
    enc = np.zeros(len(tr))
    for i, j in folds:
        g = y.iloc[i].groupby(tr[col].iloc[i]).agg(['mean', 'count'])
        m = (g['mean'] * g['count'] + prior * smooth) / (g['count'] + smooth)
        enc[j] = tr[col].iloc[j].map(m).fillna(prior)
    g = y.groupby(tr[col]).agg(['mean', 'count'])
    m = (g['mean'] * g['count'] + prior * smooth) / (g['count'] + smooth)
    return enc, te[col].map(m).fillna(prior).values

train['district_te'], test['district_te'] = oof_target_encode(train, test, 'district', train[CFG.target])
train[['district', 'district_te']].drop_duplicates('district').sort_values('district_te').head(10)
# %%
features = [c for c in train.columns if c not in (CFG.target, 'district', 'heating', 'year')]
X, y, X_test = train[features], train[CFG.target], test[features]
features
# %%
rmse = lambda a, b: mean_squared_error(a, b) ** .5
oof, preds, scores = {}, {}, {}
# %% [markdown]
# ## LGB
# %% train
params = dict(objective='regression', metric='rmse', learning_rate=.1, num_leaves=15, feature_fraction=.8,
              bagging_fraction=.8, bagging_freq=1, verbose=-1, seed=CFG.seed, num_threads=1, deterministic=True)
oof['lgb'] = np.zeros(len(X)); preds['lgb'] = np.zeros(len(X_test))
imp = pd.DataFrame(index=features)
for k, (i, j) in enumerate(folds):
    dtr = lgb.Dataset(X.iloc[i], y.iloc[i])
    dva = lgb.Dataset(X.iloc[j], y.iloc[j], reference=dtr)
    m = lgb.train(params, dtr, CFG.rounds, valid_sets=[dva], callbacks=[lgb.early_stopping(CFG.es, verbose=False)])
    oof['lgb'][j] = m.predict(X.iloc[j])
    preds['lgb'] += m.predict(X_test) / CFG.n_folds
    imp[k] = m.feature_importance('gain')
    print(f'fold {k}: {rmse(y.iloc[j], oof["lgb"][j]):.5f} ({m.best_iteration})')
# %% metrics
scores['lgb'] = rmse(y, oof['lgb'])
scores['lgb']
# %%
imp.mean(axis=1).sort_values().plot.barh(figsize=(6, 4)); plt.show()
# %% [markdown]
# ## XGB
# %%
def run_xgb(params):
    o, p = np.zeros(len(X)), np.zeros(len(X_test))
    for k, (i, j) in enumerate(folds):
        m = xgb.XGBRegressor(**params)
        m.fit(X.iloc[i], y.iloc[i], eval_set=[(X.iloc[j], y.iloc[j])], verbose=False)
        o[j] = m.predict(X.iloc[j])
        p += m.predict(X_test) / CFG.n_folds
    return o, p
# %% train
xp = {'n_estimators': CFG.rounds, 'max_depth': 4, 'learning_rate': .1, 'subsample': .8, 'colsample_bytree': .8,
      'early_stopping_rounds': CFG.es, 'random_state': CFG.seed, 'n_jobs': 1, 'tree_method': 'hist'}
oof['xgb'], preds['xgb'] = run_xgb(xp)
scores['xgb'] = rmse(y, oof['xgb'])
print(scores)
# %%
# tried: depth 6 -> 0.1291, depth 3 -> 0.1288
# for d in (3, 5, 6):
#     o, _ = run_xgb({**xp, 'max_depth': d})
#     print(d, rmse(y, o))
# %% train
oof['cat'] = np.zeros(len(X)); preds['cat'] = np.zeros(len(X_test))
cols = features + ['district']
for i, j in folds:
    cb = CatBoostRegressor(iterations=CFG.rounds, depth=4, learning_rate=.12, random_seed=CFG.seed, cat_features=['district'],
                           verbose=0, thread_count=1, allow_writing_files=False)
    cb.fit(train[cols].iloc[i], y.iloc[i])
    oof['cat'][j] = cb.predict(train[cols].iloc[j])
    preds['cat'] += cb.predict(test[cols]) / CFG.n_folds
# %% metrics
scores['cat'] = rmse(y, oof['cat'])
pd.Series(scores).sort_values()
# %% [markdown]
# ## stack
# %%
S, S_test = pd.DataFrame(oof), pd.DataFrame(preds)
S.corr()
# %% train
final, meta_oof = np.zeros(len(S_test)), np.zeros(len(S))
for i, j in folds:
    meta = Ridge(alpha=1.0).fit(S.iloc[i], y.iloc[i])
    meta_oof[j] = meta.predict(S.iloc[j])
    final += meta.predict(S_test) / CFG.n_folds
# %% metrics
print('stack  ', rmse(y, meta_oof))
print('average', rmse(y, S.mean(axis=1)))
# %%
plt.scatter(y, meta_oof, s=3); plt.plot([9, 13], [9, 13], 'r'); plt.show()
# %%
sub = pd.DataFrame({'id': np.arange(len(final)), 'price': np.expm1(final)})
sub.to_csv('submission_v7.csv', index=False)
sub.describe()
