# trap: out= takes the result
# needs: numpy
# %% keep
import numpy as np
# %% keep
a = np.arange(4.0)
# %% keep
np.multiply(a, 3, out=a)
# %% keep
np.clip(a, 1, 5, a)
# %% keep
a.cumsum(out=a)
# %% drop
np.clip(a, 0, 1)
# %% train tags=train
result = a
