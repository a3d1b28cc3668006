# trap: set_params and attributes change an estimator before it is fitted
# needs: numpy scikit-learn
# %% keep
import numpy as np
from sklearn.linear_model import Ridge
# %% keep
X, y = np.arange(10.0).reshape(5, 2), np.arange(5.0) ** 2
# %% keep
model = Ridge()
# %% keep
model.set_params(alpha=3)
# %% keep
model.fit_intercept = False
# %% drop
model.get_params()
# %% drop
clone = Ridge(**model.get_params())
clone.set_params(alpha=9)
# %% train tags=train
model.fit(X, y)
