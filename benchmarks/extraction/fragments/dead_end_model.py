# trap: a second model that is tried and left is no part of what the last one needs
# needs: numpy scikit-learn
# %% keep
import numpy as np
from sklearn.linear_model import Ridge, Lasso
# %% keep
X, y = np.arange(10.0).reshape(5, 2), np.arange(5.0)
# %% drop
tried = Lasso()
tried.fit(X, y)
print(tried.coef_)
# %% drop
best = 0
for alpha in [1, 2]:
    best = max(best, Lasso(alpha).fit(X, y).score(X, y))
# %% train tags=train
model = Ridge().fit(X, y)
