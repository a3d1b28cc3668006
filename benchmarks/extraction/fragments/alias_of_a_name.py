# trap: two names stand for one list
# needs: numpy
# %% keep
import numpy as np
# %% keep
values = [1, 2]
weights = np.zeros(3)
# %% keep
same = values
view = weights
# %% keep
same += [3]
view *= 0
view += 5
# %% drop
other = list(values)
other += [9]
# %% train tags=train
result = (values, weights)
