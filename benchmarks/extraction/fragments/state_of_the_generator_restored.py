# trap: the state of a generator is saved and put back
# needs: numpy
# %% keep
import numpy as np
np.random.seed(5)
# %% keep
state = np.random.get_state()
# %% keep
noise = np.random.rand(10)
# %% keep
np.random.set_state(state)
# %% train tags=train
result = noise.sum() + np.random.rand(2)
