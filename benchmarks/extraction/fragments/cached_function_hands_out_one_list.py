# trap: a cached function gives the same list to everybody, one changes it
# %% keep
from functools import lru_cache
# %% keep
@lru_cache
def load():
    return [1, 2, 3]
# %% keep
load().append(4)
# %% drop
print(len("nothing"))
# %% train tags=train
result = sum(load())
