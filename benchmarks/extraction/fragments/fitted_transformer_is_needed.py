# trap: a scaler fitted in one cell is used in another
# needs: numpy scikit-learn
# %% keep
import numpy as np
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler
# %% keep
X, y = np.arange(10.0).reshape(5, 2), np.arange(5.0)
scaler = StandardScaler()
# %% keep
scaler.fit(X)
# %% drop
scaler.mean_
# %% keep
Z = scaler.transform(X)
# %% train
model = Ridge().fit(Z, y)
# %% metrics
print(model.score(Z, y))
