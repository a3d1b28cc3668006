# trap: functools.reduce fills the list that it starts with
# %% keep
from functools import reduce
# %% keep
flat = []
# %% keep
def put(box, value):
    box.append(value)
    return box
# %% keep
reduce(put, [1, 2, 3], flat)
# %% drop
reduce(lambda a, b: a + b, [1, 2, 3])
# %% train tags=train
result = flat
