# trap: a plot draws random numbers, so all that come after are others
# needs: numpy matplotlib
# %% keep
import numpy as np
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
# %% keep
np.random.seed(0)
# %% keep
x = np.arange(5)
# %% keep
plt.scatter(x, x + np.random.rand(5) * 0.1)
# %% drop
plt.plot(x)
# %% train tags=train
result = np.random.rand(3)
