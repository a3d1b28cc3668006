# trap: a function of the notebook fills an argument and gives another back
# needs: numpy
# %% keep
import numpy as np

def split(values, out):
    out["low"] = values[values < 3]
    return values[values >= 3]
# %% keep
values = np.arange(6)
parts = {}
# %% keep
high = split(values, parts)
# %% drop
len(high), parts.keys()
# %% train tags=train
result = (high.sum(), parts["low"].sum())
