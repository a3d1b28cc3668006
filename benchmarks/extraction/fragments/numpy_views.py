# trap: slices, reshapes, transposes and asarray share memory with the array
# needs: numpy
# %% keep
import numpy as np
# %% keep
X = np.arange(12.0)
# %% keep
table = X.reshape(3, 4)
# %% keep
table[0] = 100
# %% keep
flipped = table.T
flipped[3] += 7
# %% keep
same = np.asarray(X)
same[5] = -1
# %% drop
other = X.copy()
other[:] = 0
# %% drop
mask = X > 3
mask[0] = True
# %% train tags=train
result = X.sum()
