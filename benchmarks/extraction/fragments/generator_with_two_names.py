# trap: one generator object is used under two names and inside a function
# needs: numpy
# %% keep
import numpy as np
# %% keep
rng = np.random.default_rng(0)
dice = rng
# %% keep
def noise(size):
    return rng.normal(size=size)
# %% keep
dice.integers(6)
# %% keep
noise(2)
# %% drop
other = np.random.default_rng(0)
other.normal()
# %% train tags=train
result = noise(3)
