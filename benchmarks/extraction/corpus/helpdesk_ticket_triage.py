# manner: company data scientist, careful comments, pipelines, a class of their own, text made from templates
# needs: scikit-learn pandas numpy matplotlib joblib
# seconds: 3
# %% [markdown]
# # Ticket triage
# **Owner:** service desk analytics
# **Question:** can we route a ticket to the right queue from its text alone?
#
# Real tickets hold personal data, so this notebook works on sentences made from templates. Swap `make_tickets` for the export when the DPO agrees.
# %%
# !pip install -U scikit-learn
import random
import re
import string
from collections import Counter

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, classification_report, confusion_matrix, f1_score
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.svm import LinearSVC

pd.set_option("display.max_colwidth", 80)
# %%
SEED = 2024
QUEUES = ["hardware", "accounts", "network", "billing"]

OPENERS = ["hello", "hi team", "please help", "urgent!!", "good morning", "", "not sure who to ask but"]
BITS = {
    "hardware": ["my laptop {v} after the update", "the printer on floor {n} {v}", "monitor {v} when docked", "keyboard key stuck, order {n}"],
    "accounts": ["cannot log in since {d}", "password reset mail never arrives", "please give {p} access to the share", "account locked for user {n}"],
    "network": ["wifi {v} in room {n}", "vpn {v} from home", "shared drive very slow since {d}", "cannot reach the intranet"],
    "billing": ["invoice {n} shows the wrong amount", "please send the receipt for order {n}", "charged twice on {d}", "need a credit note for {p}"],
}
CLOSERS = ["thanks", "regards", "this blocks the whole team", "see screenshot", "", "asap please"]


def make_tickets(n, seed=SEED, noise=0.06):
    rng = random.Random(seed)
    rows = []
    for _ in range(n):
        queue = rng.choices(QUEUES, weights=[4, 3, 2, 2])[0]
        said = rng.choice(BITS[queue if rng.random() > noise else rng.choice(QUEUES)])
        if rng.random() < 0.25:
            said += ", also " + rng.choice(BITS[rng.choice(QUEUES)])
        said = said.format(v=rng.choice(["crashes", "drops", "is dead", "freezes", "keeps restarting"]), n=rng.randint(1, 999),
                           d=rng.choice(["monday", "yesterday", "last week"]), p=rng.choice(["anna", "the new colleague", "finance"]))
        rows.append((" ".join(filter(None, [rng.choice(OPENERS), said, rng.choice(CLOSERS)])), queue))
    return pd.DataFrame(rows, columns=["text", "queue"])
# %%
tickets = make_tickets(1200)
tickets.sample(8, random_state=1)
# %%
tickets.queue.value_counts(normalize=True).round(3)
# %%
tickets["n_words"] = tickets.text.str.split().str.len()
tickets.hist("n_words", by="queue", bins=15, figsize=(8, 4));
# %%
Counter(" ".join(tickets.text).split()).most_common(15)
# %% [markdown]
# ## Cleaning
# Numbers carry nothing by themselves; *that* there is a number does.
# %%
_punct = re.compile(f"[{re.escape(string.punctuation)}]")

def clean(s):
    s = s.lower()
    s = re.sub(r"\d+", " num ", s)
    s = _punct.sub(" ", s)
    return re.sub(r"\s+", " ", s).strip()

assert clean("Order 12, URGENT!!") == "order num urgent"
tickets["clean"] = tickets["text"].map(clean)
# %%
train_df, test_df = train_test_split(tickets, test_size=0.25, stratify=tickets.queue, random_state=SEED)
len(train_df), len(test_df)
# %% [markdown]
# ## First: counts and naive Bayes, step by step
# %%
vec = CountVectorizer(min_df=2)
Xtr = vec.fit_transform(train_df["clean"])
Xte = vec.transform(test_df["clean"])
Xtr.shape, vec.get_feature_names_out()[:20]
# %% train
nb = MultinomialNB(alpha=0.5)
nb.fit(Xtr, train_df["queue"])
# %% metrics
pred = nb.predict(Xte)
print("accuracy", accuracy_score(test_df["queue"], pred))
print(classification_report(test_df["queue"], pred))
# %%
# which words speak for which queue
logp = pd.DataFrame(nb.feature_log_prob_, index=nb.classes_, columns=vec.get_feature_names_out()).T
lift = logp.sub(logp.mean(axis=1), axis=0)
for q in QUEUES:
    print(f"{q:10s}", ", ".join(lift[q].nlargest(6).index))
# %%
wrong = test_df[pred != test_df["queue"]].assign(said=pred[pred != test_df["queue"]])
wrong[["text", "queue", "said"]].head(10)
# %% [markdown]
# ## Candidates
# %%
class Shape(BaseEstimator, TransformerMixin):
    """How a ticket looks: length, shouting, digits. (Little use so far.)"""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.array([[len(t) / 100, t.count("!"), sum(c.isdigit() for c in t) / 5] for t in X])


candidates = {
    "counts + MultinomialNB": make_pipeline(CountVectorizer(preprocessor=clean), MultinomialNB()),
    "counts + ComplementNB": make_pipeline(CountVectorizer(preprocessor=clean, ngram_range=(1, 2)), ComplementNB()),
    "tfidf + logistic": make_pipeline(TfidfVectorizer(preprocessor=clean), LogisticRegression(max_iter=300)),
    "tfidf + shape + svm": Pipeline([
        ("f", FeatureUnion([("words", TfidfVectorizer(preprocessor=clean, ngram_range=(1, 2))), ("shape", Shape())])),
        ("svm", LinearSVC(C=0.5, random_state=SEED)),
    ]),
}
# %% train
%%time
rows = []
for name, pipe in candidates.items():
    f1 = cross_val_score(pipe, train_df["text"], train_df["queue"], cv=4, scoring="f1_macro")
    rows.append({"model": name, "f1": f1.mean(), "sd": f1.std()})
board = pd.DataFrame(rows).sort_values("f1", ascending=False).reset_index(drop=True)
board.round(3)
# %%
board.plot.barh(x="model", y="f1", xerr="sd", legend=False)
plt.tight_layout()
# %% [markdown]
# ## Tune the one we can explain
# %%
pipe = Pipeline([
    ("vect", CountVectorizer(preprocessor=clean)),
    ("tfidf", TfidfTransformer()),
    ("clf", LogisticRegression(max_iter=300)),
])
grid = {"vect__ngram_range": [(1, 1), (1, 2)], "tfidf__use_idf": [True, False], "clf__C": [0.5, 2.0]}
search = GridSearchCV(pipe, grid, scoring="f1_macro", cv=3)
# %% train
search.fit(train_df["text"], train_df["queue"])
search.best_params_
# %% metrics
print("cv ", round(search.best_score_, 3))
print("test", round(f1_score(test_df["queue"], search.predict(test_df["text"]), average="macro"), 3))
# %% metrics
pd.DataFrame(confusion_matrix(test_df["queue"], search.predict(test_df["text"]), labels=QUEUES), index=QUEUES, columns=QUEUES)
# %% [markdown]
# ## If we only route when sure
# The desk would accept 5 % wrong routes.
# %% metrics
proba = search.predict_proba(test_df["text"])
sure = proba.max(axis=1)
right = search.classes_[proba.argmax(axis=1)] == test_df["queue"].to_numpy()
for cut in (0.0, 0.5, 0.7, 0.9):
    kept = sure >= cut
    print(f"cut {cut:.1f}  routed {kept.mean():5.1%}  right {right[kept].mean() if kept.any() else float('nan'):5.1%}")
# %%
search.predict(["hello, the vpn drops every ten minutes", "why was I charged twice?"])
# %%
joblib.dump(search.best_estimator_, "triage.joblib")
