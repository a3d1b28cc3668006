# trap: a library calls the methods of an object that it got
# needs: numpy scikit-learn
# %% keep
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

log = []
class Note(BaseEstimator, TransformerMixin):
    def fit(self, X, y=None):
        self.fitted_ = True
        log.append(X.shape)
        return self
    def transform(self, X):
        return X
# %% keep
pipe = make_pipeline(Note(), Ridge())
X, y = np.ones((4, 2)), np.arange(4.0)
# %% keep
pipe.fit(X, y)
# %% drop
print(X.shape)
# %% train tags=train
result = list(log)
