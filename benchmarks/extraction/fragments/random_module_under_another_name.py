# trap: the generator of a module is reached through an alias and an attribute
# needs: numpy
# %% keep
import numpy as np
from numpy.random import seed
rnd = np.random
# %% keep
seed(4)
# %% keep
rnd.rand(2)
# %% drop
print(np.ones(2))
# %% train tags=train
result = np.random.normal(size=2)
