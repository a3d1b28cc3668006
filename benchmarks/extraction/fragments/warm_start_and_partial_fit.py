# trap: training goes on from an earlier training
# needs: numpy scikit-learn
# %% keep
import numpy as np
from sklearn.linear_model import SGDRegressor
# %% keep
X, y = np.arange(10.0).reshape(5, 2) / 10, np.arange(5.0)
model = SGDRegressor(random_state=0)
# %% train
model.partial_fit(X, y)
# %% drop
other = SGDRegressor(random_state=1)
# %% train
model.partial_fit(X[:3], y[:3])
# %% metrics
model.score(X, y)
