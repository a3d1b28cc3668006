# manner: first notebook of a course
# needs: scikit-learn pandas
# %% [markdown]
# # Iris
# %%
import pandas as pd
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

iris = load_iris(as_frame=True)
df = iris.frame
df.head()
# %%
df.describe()
# %%
X_train, X_test, y_train, y_test = train_test_split(iris.data, iris.target, random_state=0)
# %% train
clf = RandomForestClassifier(n_estimators=20, random_state=0)
clf.fit(X_train, y_train)
# %% metrics
clf.score(X_test, y_test)
