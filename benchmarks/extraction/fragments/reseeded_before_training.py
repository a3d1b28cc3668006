# trap: a new seed makes all earlier draws irrelevant
# needs: numpy
# %% keep
import numpy as np
# %%
np.random.seed(1)
# %% drop
noise = np.random.rand(3)
# %% keep
np.random.seed(2)
# %% keep
print(np.random.rand())
# %% train tags=train
result = np.random.rand(3)
