# trap: results of a loop over settings are collected, the best one is taken
# needs: numpy scikit-learn
# %% keep
import numpy as np
from sklearn.linear_model import Ridge
# %% keep
X, y = np.arange(12.0).reshape(6, 2) % 5, np.arange(6.0)
# %% keep
results = []
# %% train
for alpha in [0.1, 1, 10]:
    model = Ridge(alpha=alpha).fit(X, y)
    results.append((model.score(X, y), alpha))
# %% metrics
for score, alpha in results:
    print(alpha, score)
# %% keep
best_alpha = max(results)[1]
# %% train
final = Ridge(alpha=best_alpha).fit(X, y)
# %% metrics
final.score(X, y)
