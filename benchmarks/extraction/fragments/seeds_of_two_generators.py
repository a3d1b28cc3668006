# trap: Python's and NumPy's generators are two
# needs: numpy
# %% keep
import random
import numpy as np
# %% keep
random.seed(1)
np.random.seed(1)
# %% drop
print(random.random())
# %% keep
print(np.random.rand())
# %% train tags=train
result = np.random.rand(2)
