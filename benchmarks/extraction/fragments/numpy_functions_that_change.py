# trap: functions of NumPy that fill their argument
# needs: numpy
# %% keep
import numpy as np
# %% keep
a = np.arange(6.0)
b = np.zeros((3, 3))
c = np.array([1.0, np.nan])
# %% keep
np.put(a, [0], [50])
# %% keep
np.fill_diagonal(b, 4)
# %% keep
np.add.at(a, [1, 1], 10)
# %% keep
np.nan_to_num(c, copy=False)
# %% keep
np.copyto(b[0], 9)
# %% drop
np.sort(a)
np.add(a, 1)
np.nan_to_num(c)
# %% train tags=train
result = (a, b, c)
