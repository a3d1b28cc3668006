# trap: the result goes into the last positional argument
# needs: numpy
# %% keep
import numpy as np
# %% keep
a = np.arange(3.0)
b = np.ones(3)
# %% keep
np.add(a, b, a)
# %% drop
np.add(a, b)
# %% train tags=train
result = a
