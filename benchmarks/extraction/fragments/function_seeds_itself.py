# trap: a function that seeds the generator first does not feel what was drawn before, nor does who draws after it
# needs: numpy
# %% keep
import numpy as np
# %% keep
def start(seed):
    np.random.seed(seed)
    return np.random.rand(2)
# %% drop
noise = np.random.rand(3)
# %% drop
first = start(1)
# %% keep
second = start(2)
# %% train tags=train
result = second + np.random.rand(2)
