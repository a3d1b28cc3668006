# manner: a Kaggle starter kernel, TF-IDF with linear models, out-of-fold predictions and a blend, globals everywhere
# needs: numpy pandas scikit-learn scipy matplotlib
# seconds: 5
# %% [markdown]
# # 🔥 Is this review toxic? TF-IDF + linear models + blend
# *If you like this kernel please upvote!*
# %% count=1
!pip install -q scikit-learn
%matplotlib inline
# %% count=2
import gc, os, re, random, warnings
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer, CountVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier, Ridge
from sklearn.naive_bayes import MultinomialNB
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.metrics import roc_auc_score, f1_score, accuracy_score
warnings.filterwarnings('ignore')

SEED = 2021
NFOLDS = 3
def seed_everything(seed):
    random.seed(seed)
    os.environ['PYTHONHASHSEED'] = str(seed)
    np.random.seed(seed)
seed_everything(SEED)
# %% [markdown]
# ## Data
# There is no data set attached, so we make one up :)
# %% count=3
BAD = 'idiot trash garbage hate stupid moron awful liar clown scum'.split()
GOOD = 'thanks great helpful lovely nice agree perfect kind awesome welcome'.split()
NEUTRAL = ('the movie article page edit talk source user image link section name list please you i we it was is '
           'not very really about this that there again today city music game review book story').split()

def fake_comment(toxic):
    n = np.random.randint(6, 25)
    words = list(np.random.choice(NEUTRAL, n))
    for _ in range(np.random.poisson(1.3)):
        pool = BAD if (np.random.rand() < (.75 if toxic else .3)) else GOOD
        words.insert(np.random.randint(len(words)), np.random.choice(pool))
    txt = ' '.join(words)
    if np.random.rand() < .2: txt = txt.upper()
    if np.random.rand() < .3: txt += '!' * np.random.randint(1, 5)
    return txt

def make(n):
    y = (np.random.rand(n) < .35).astype(int)
    return pd.DataFrame({'id': np.arange(n), 'comment_text': [fake_comment(t) for t in y], 'toxic': y})

train = make(1500)
test = make(600)
test_y = test.pop('toxic')
train.to_csv('train.csv', index=False)
test.to_csv('test.csv', index=False)
# %% count=4
!ls -lh
# %% count=5
train = pd.read_csv('train.csv')
test = pd.read_csv('test.csv')
print(train.shape, test.shape)
train.head()
# %% count=6
train['toxic'].value_counts(normalize=True).plot(kind='bar', title='target balance');
# %% count=7
train['len'] = train['comment_text'].str.len()
test['len'] = test['comment_text'].str.len()
train.groupby('toxic')['len'].describe()
# %% count=8
plt.figure(figsize=(8, 3))
plt.hist(train.loc[train.toxic == 0, 'len'], bins=30, alpha=.5, label='clean')
plt.hist(train.loc[train.toxic == 1, 'len'], bins=30, alpha=.5, label='toxic')
plt.legend(); plt.show()
# %% [markdown]
# ## Cleaning
# %% count=9
def clean(t):
    t = t.lower()
    t = re.sub(r'!+', ' ! ', t)
    t = re.sub(r'\s+', ' ', t)
    return t.strip()

for df in (train, test):
    df['caps'] = df['comment_text'].apply(lambda s: sum(c.isupper() for c in s) / (len(s) + 1))
    df['excl'] = df['comment_text'].str.count('!')
    df['comment_text'] = df['comment_text'].apply(clean)
y = train['toxic'].values
# %% count=12
%%time
all_text = pd.concat([train['comment_text'], test['comment_text']])
tfv = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
tfv.fit(all_text)
X = tfv.transform(train['comment_text'])
X_test = tfv.transform(test['comment_text'])
X.shape
# %% count=11
char_vec = TfidfVectorizer(analyzer='char_wb', ngram_range=(2, 3), max_features=2000).fit(all_text)
Xc = char_vec.transform(train['comment_text']); Xc_test = char_vec.transform(test['comment_text'])
# %% count=13
feats = ['len', 'caps', 'excl']
X = sparse.hstack([X, Xc, train[feats].values / 100]).tocsr()
X_test = sparse.hstack([X_test, Xc_test, test[feats].values / 100]).tocsr()
del Xc, Xc_test
gc.collect()
# %% [markdown]
# ## Quick baseline
# %% train count=14
scores = cross_val_score(LogisticRegression(C=1.0), X, y, cv=3, scoring='roc_auc')
print(scores, scores.mean())
# %% count=15
# try lemmatizing -> no gain, CV 0.71 -> 0.709
# import nltk
# from nltk.stem import WordNetLemmatizer
# lem = WordNetLemmatizer()
# train['comment_text'] = train['comment_text'].apply(lambda s: ' '.join(lem.lemmatize(w) for w in s.split()))
# %% count=16
folds = StratifiedKFold(n_splits=NFOLDS, shuffle=True, random_state=SEED)
oof = {}
preds = {}

def run_oof(name, make_model):
    """fits on the global X,y and stores in oof / preds"""
    o = np.zeros(len(y)); p = np.zeros(X_test.shape[0])
    for f, (tr, va) in enumerate(folds.split(X, y)):
        m = make_model()
        m.fit(X[tr], y[tr])
        if hasattr(m, 'predict_proba'):
            o[va] = m.predict_proba(X[va])[:, 1]
            p += m.predict_proba(X_test)[:, 1] / NFOLDS
        else:
            o[va] = m.predict(X[va])
            p += m.predict(X_test) / NFOLDS
        print(f'{name} fold {f}: {roc_auc_score(y[va], o[va]):.4f}')
    oof[name] = o
    preds[name] = p
# %% train count=17
%%time
run_oof('lr', lambda: LogisticRegression(C=3.0, solver='liblinear'))
run_oof('nb', lambda: MultinomialNB(alpha=.3))
# %% train count=18
run_oof('sgd', lambda: SGDClassifier(loss='log_loss', alpha=1e-4, random_state=np.random.randint(1000)))
# %% train count=19
run_oof('ridge', lambda: Ridge(alpha=5.0))
# %% metrics count=20
for k, v in oof.items():
    print(k.ljust(8), round(roc_auc_score(y, v), 5))
# %% count=21
oof_df = pd.DataFrame(oof)
oof_df.corr().style.background_gradient()
# %% [markdown]
# ## Blend
# Ranks, because ridge does not give probabilities
# %% count=22
oof_r = oof_df.rank(pct=True)
pred_r = pd.DataFrame(preds).rank(pct=True)
# %% train count=23
# weights by random search on the OOF ranks
best, best_w = 0, None
for _ in range(60):
    w = np.random.dirichlet(np.ones(oof_r.shape[1]))
    s = roc_auc_score(y, oof_r.values @ w)
    if s > best:
        best, best_w = s, w
print(best, dict(zip(oof_r.columns, best_w.round(3))))
# %% metrics count=24
blend = oof_r.values @ best_w
thr = max(np.arange(.3, .9, .02), key=lambda t: f1_score(y, blend > t))
print('AUC', roc_auc_score(y, blend), 'F1', f1_score(y, blend > thr), 'acc', accuracy_score(y, blend > thr), '@', thr)
# %% train count=25
stack = LogisticRegression().fit(oof_df, y)
test_stack = stack.predict_proba(pd.DataFrame(preds))[:, 1]
stack.coef_
# %% count=27
sub = pd.DataFrame({'id': test['id'], 'toxic': 0.6 * (pred_r.values @ best_w) + 0.4 * test_stack})
sub.to_csv('submission.csv', index=False)
sub.head()
# %% metrics count=28
# peek at the "private LB"
print('private:', roc_auc_score(test_y, sub['toxic']))
print('stack only:', roc_auc_score(test_y, test_stack))
# %% count=29
plt.hist(sub['toxic'], bins=40); plt.title('submission');
