# trap: methods of arrays that change them, beside those that do not
# needs: numpy
# %% keep
import numpy as np
# %% keep
a = np.array([3.0, 1.0, 2.0])
b = np.zeros(3)
# %% keep
a.sort()
# %% keep
b.fill(7)
# %% keep
a.flat[0] = 10
# %% keep
b.shape = (1, 3)
# %% drop
a.argsort()
a.cumsum()
# %% train tags=train
result = (a, b, b.shape)
