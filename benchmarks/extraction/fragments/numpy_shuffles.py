# trap: a shuffle changes the array and draws
# needs: numpy
# %% keep
import numpy as np
np.random.seed(3)
# %% keep
X = np.arange(10)
# %% keep
np.random.shuffle(X)
# %% keep
order = np.random.permutation(10)
# %% drop
np.sort(X)
# %% train tags=train
result = X[order]
