# trap: frozen distributions draw from NumPy's generator
# needs: numpy scipy
# %% keep
import numpy as np
from scipy import stats
np.random.seed(0)
# %% keep
normal = stats.norm(0, 1)
# %% keep
normal.rvs(3)
# %% drop
normal.pdf(0)
# %% keep
stats.norm.rvs(size=2)
# %% train tags=train
result = np.random.rand(2)
