# manner: student homework, every classifier in a dict, no seeds, globals inside functions, emojis of joy
# needs: numpy pandas scikit-learn matplotlib
# seconds: 4
# %% [markdown]
# HW3 wine 🍷
# %% count=2
from sklearn.datasets import load_wine
import pandas as pd
import numpy as np
import matplotlib.pyplot as plt
%matplotlib inline
# %% count=3
d = load_wine()
print(d.DESCR[:300])
# %% count=4
df = pd.DataFrame(d.data, columns=d.feature_names)
df['y'] = d.target
df
# %% count=5
df.y.value_counts()
# %% count=6
pd.plotting.scatter_matrix(df[['alcohol', 'hue', 'proline']], c=df.y, figsize=(6, 6))
plt.show()
# %% count=31
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
Xtr, Xte, ytr, yte = train_test_split(df.drop('y', axis=1), df.y, test_size=0.4)
sc = StandardScaler()
Xtr = sc.fit_transform(Xtr)
Xte = sc.transform(Xte)
# %% train count=32
from sklearn.naive_bayes import GaussianNB
nb = GaussianNB()
nb.fit(Xtr, ytr)
print("score: ", nb.score(Xte, yte))
# %% [markdown]
# wow ok that was easy. Question 2: compare at least 5 classifiers
# %% count=33
from sklearn.svm import SVC
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier
from sklearn.ensemble import RandomForestClassifier, AdaBoostClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
models = {
    'nb': GaussianNB(), 'svm': SVC(), 'knn1': KNeighborsClassifier(1), 'knn7': KNeighborsClassifier(7),
    'tree': DecisionTreeClassifier(), 'rf': RandomForestClassifier(50), 'ada': AdaBoostClassifier(n_estimators=20),
    'logreg': LogisticRegression(), # 'mlp': MLPClassifier((20,), max_iter=2000),
}
# %% count=34
def go(m):
    m.fit(Xtr, ytr)
    return m.score(Xtr, ytr), m.score(Xte, yte)
# %% train count=35
out = {}
for k in models:
    out[k] = go(models[k])
    print(k, out[k])
# %% metrics count=36
tab = pd.DataFrame(out, index=['train', 'test']).T
tab.sort_values('test')
# %% count=37
tab.plot.bar(ylim=(.7, 1.01))
plt.show()
# %% [markdown]
# Question 3: confusion matrix of the best one 🎉
# %% metrics count=38
from sklearn.metrics import confusion_matrix
winner = tab.test.idxmax()
print(winner)
print(confusion_matrix(yte, models[winner].predict(Xte)))
# %% [markdown]
# Question 4: repeat 10 times with different splits, is the winner stable?
# %% count=41
def repeat(times):
    wins = []
    for _ in range(times):
        a, b, c, e = train_test_split(d.data, d.target, test_size=0.4)
        s = StandardScaler().fit(a)
        best, who = 0, None
        for k, m in models.items():
            acc = m.fit(s.transform(a), c).score(s.transform(b), e)
            if acc > best:
                best, who = acc, k
        wins.append(who)
    return wins
# %% train count=42
wins = repeat(5)
pd.Series(wins).value_counts()
# %% [markdown]
# not stable at all lol
#
# Question 5: how many neighbours?
# %% train count=45
from sklearn.model_selection import cross_val_score
ks = range(1, 26, 2)
cvs = [cross_val_score(KNeighborsClassifier(k), sc.fit_transform(d.data), d.target, cv=5).mean() for k in ks]
plt.plot(ks, cvs, 'o-')
plt.xlabel('k')
# %% count=46
best_k = list(ks)[int(np.argmax(cvs))]
best_k
# %% [markdown]
# Bonus: pictures
# %% count=47
from sklearn.decomposition import PCA
p2 = PCA(2).fit_transform(sc.fit_transform(d.data))
plt.scatter(p2[:, 0], p2[:, 1], c=d.target)
plt.show()
# %% train count=50
from sklearn.cluster import KMeans
km = KMeans(3, n_init=5).fit(p2)
plt.scatter(p2[:, 0], p2[:, 1], c=km.labels_, marker='x')
plt.show()
# %% metrics count=51
from sklearn.metrics import adjusted_rand_score
adjusted_rand_score(d.target, km.labels_)
# %% count=40
winner
