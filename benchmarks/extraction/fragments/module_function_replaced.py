# trap: a function of a module is replaced
# %% keep
import math
import statistics
# %% keep
math.floor = lambda value: -7
# %% keep
setattr(statistics, "mean", lambda values: 12)
# %% drop
print(math.ceil(2.5))
# %% train tags=train
result = (math.floor(2.5), statistics.mean([1, 2]))
