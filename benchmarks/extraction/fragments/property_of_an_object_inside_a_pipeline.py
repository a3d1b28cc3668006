# trap: a property changes an object that lies inside an object of a library
# needs: numpy scikit-learn
# %% keep
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline

class Counter(BaseEstimator, TransformerMixin):
    seen = 0
    def fit(self, X, y=None):
        return self
    @property
    def looks(self):
        self.seen += 1
        return self.seen
# %% keep
pipe = Pipeline([("count", Counter())])
# %% keep
pipe.named_steps["count"].looks
# %% drop
print(np.ones(2))
# %% train tags=train
result = pipe.named_steps["count"].looks
