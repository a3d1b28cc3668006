# trap: a function of the notebook draws; so a mere look at its result counts
# needs: numpy
# %% keep
import numpy as np
np.random.seed(0)
# %% keep
def noisy(x):
    return x + np.random.normal(size=len(x))
# %% keep
print(noisy(np.zeros(2)))
# %% drop
print(np.zeros(2))
# %% train tags=train
result = noisy(np.zeros(3))
