# trap: a scaler that makes no copy writes into the very table that it scales
# needs: numpy scikit-learn
# %% keep
import numpy as np
from sklearn.preprocessing import StandardScaler
# %% keep
X = np.arange(6.0).reshape(3, 2)
# %% keep
scaled = StandardScaler(copy=False).fit_transform(X)
# %% drop
again = StandardScaler().fit_transform(X)
# %% train tags=train
result = X.sum(axis=1)
