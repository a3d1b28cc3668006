# trap: estimators and data sets without random_state draw from NumPy's generator
# needs: numpy scikit-learn
# %% keep
import numpy as np
from sklearn.datasets import make_blobs
from sklearn.cluster import KMeans
from sklearn.tree import DecisionTreeClassifier
# %% keep
np.random.seed(0)
# %% keep
X, y = make_blobs(60, centers=3, cluster_std=3)
# %% keep
KMeans(3, n_init=1).fit(X)
# %% drop
DecisionTreeClassifier(random_state=0).fit(X, y)
# %% train tags=train
model = KMeans(3, n_init=1, init="random").fit(X)
