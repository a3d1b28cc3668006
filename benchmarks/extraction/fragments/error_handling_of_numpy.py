# trap: what NumPy does on a division by zero is a setting
# needs: numpy
# %% keep
import numpy as np
# %% keep
np.seterr(divide="raise")
# %% drop
print(np.ones(2))
# %% keep
def safe(a, b):
    try:
        return np.float64(a) / np.float64(b)
    except FloatingPointError:
        return -1.0
# %% train tags=train
result = safe(1, 0)
