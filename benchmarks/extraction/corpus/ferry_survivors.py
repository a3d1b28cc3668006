# manner: first Kaggle competition, one model after another, cells run again and out of order
# needs: numpy pandas matplotlib seaborn scikit-learn
# seconds: 3
# %% [markdown]
# # who survives the ferry accident??
# my first competition notebook. goal: top 50%
# %% count=1
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
import seaborn as sns
%matplotlib inline
import warnings
warnings.filterwarnings('ignore')
# %% [markdown]
# the train.csv is on my other laptop so i make something that looks the same
# %% count=2
rng = np.random.RandomState(7)
n = 700
df = pd.DataFrame({
    'PassengerNo': np.arange(n) + 1,
    'Deck': rng.choice([1, 2, 3], n, p=[.25, .2, .55]),
    'Sex': rng.choice(['male', 'female'], n, p=[.62, .38]),
    'Age': np.round(rng.gamma(6, 5, n), 0),
    'Siblings': rng.poisson(.5, n),
    'Parents': rng.poisson(.4, n),
    'Ticket': np.round(rng.lognormal(2.8, .9, n), 2),
    'Harbour': rng.choice(['Rostock', 'Gedser', 'Turku'], n, p=[.7, .2, .1]),
})
logit = 1.8*(df.Sex == 'female') - .9*(df.Deck - 2) - .03*(df.Age - 28) + .01*df.Ticket - .3*df.Siblings - .6
df['Survived'] = (rng.rand(n) < 1/(1 + np.exp(-logit))).astype(int)
df.loc[rng.rand(n) < .18, 'Age'] = np.nan
df.loc[rng.rand(n) < .01, 'Harbour'] = np.nan
# %% count=3
df.head()
# %% count=4
df.info()
# %% count=5
df.describe()
# %% count=6
df.isnull().sum()
# %% count=8
sns.countplot(x='Survived', hue='Sex', data=df)
plt.show()
# %% count=9
df[['Deck', 'Survived']].groupby('Deck').mean()
# %% count=10
plt.hist(df[df.Survived == 1].Age.dropna(), bins=20, alpha=.5)
plt.hist(df[df.Survived == 0].Age.dropna(), bins=20, alpha=.5)
plt.title('age')
plt.show()
# %% [markdown]
# ## cleaning
# %% count=11
df['Age'] = df['Age'].fillna(df['Age'].median())
df['Harbour'] = df['Harbour'].fillna('Rostock')
# df = df.dropna()   # lost too many rows
df.isnull().sum().sum()
# %% count=12
df['Sex'] = df['Sex'].map({'male': 0, 'female': 1})
df['Family'] = df['Siblings'] + df['Parents'] + 1
df['Alone'] = (df.Family == 1).astype(int)
df = pd.get_dummies(df, columns=['Harbour'], dtype=int)
df.head(3)
# %% count=13
df['AgeBand'] = pd.cut(df.Age, 5, labels=False)
df[['AgeBand', 'Survived']].groupby('AgeBand').mean()
# %% count=14
plt.figure(figsize=(9, 7))
sns.heatmap(df.corr(), annot=True, fmt='.1f')
plt.show()
# %% count=15
X = df.drop(['Survived', 'PassengerNo'], axis=1)
y = df['Survived']
from sklearn.model_selection import train_test_split
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=42)
X_train.shape, X_test.shape
# %% [markdown]
# ## models
# %% train count=16
from sklearn.linear_model import LogisticRegression
lr = LogisticRegression(max_iter=2000)
lr.fit(X_train, y_train)
y_pred = lr.predict(X_test)
# %% metrics count=17
from sklearn.metrics import accuracy_score
accuracy_score(y_test, y_pred)
# %% train count=18
from sklearn.neighbors import KNeighborsClassifier
knn = KNeighborsClassifier(5)
knn.fit(X_train, y_train)
acc_knn = knn.score(X_test, y_test)
acc_knn
# %% train count=19
from sklearn.tree import DecisionTreeClassifier
tree = DecisionTreeClassifier(random_state=42).fit(X_train, y_train)
print('train', tree.score(X_train, y_train), 'test', tree.score(X_test, y_test))
# %% [markdown]
# overfitting!! try less depth
# %% train count=24
tree = DecisionTreeClassifier(max_depth=4, random_state=42).fit(X_train, y_train)
print('train', tree.score(X_train, y_train), 'test', tree.score(X_test, y_test))
# %% train count=21
from sklearn.ensemble import RandomForestClassifier
rf = RandomForestClassifier(n_estimators=100, random_state=42)
rf.fit(X_train, y_train)
# %% count=22
imp = pd.Series(rf.feature_importances_, index=X.columns).sort_values()
imp.plot.barh()
plt.show()
# %% metrics count=25
print('logreg', lr.score(X_test, y_test))
print('knn   ', acc_knn)
print('tree  ', tree.score(X_test, y_test))
print('forest', rf.score(X_test, y_test))
# %% metrics count=23
from sklearn.metrics import confusion_matrix
confusion_matrix(y_test, rf.predict(X_test))
# %% count=26
# svm takes ages
# from sklearn.svm import SVC
# svc = SVC(kernel='linear')
# svc.fit(X_train, y_train)
# svc.score(X_test, y_test)
# %% count=27
test_ids = df.loc[X_test.index, 'PassengerNo']
sub = pd.DataFrame({'PassengerNo': test_ids, 'Survived': rf.predict(X_test)})
sub.to_csv('submission.csv', index=False)
sub.head()
