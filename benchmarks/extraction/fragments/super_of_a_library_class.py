# trap: a class of the notebook extends an estimator
# needs: numpy scikit-learn
# %% keep
import numpy as np
from sklearn.linear_model import Ridge

calls = []
class Logged(Ridge):
    def __init__(self, alpha=2.0):
        super().__init__(alpha=alpha)
    def fit(self, X, y):
        calls.append(len(X))
        return super().fit(X, y)
# %% keep
X, y = np.arange(8.0).reshape(4, 2), np.arange(4.0)
model = Logged()
# %% keep
model.set_params(alpha=3.0)
# %% train
model.fit(X, y)
# %% drop
model.coef_
# %% metrics
model.score(X, y)
