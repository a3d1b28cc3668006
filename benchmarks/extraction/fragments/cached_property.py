# trap: the first look at a cached property decides
# %% keep
from functools import cached_property

class Data:
    @cached_property
    def size(self):
        return base * 2
# %% keep
data = Data()
# %% keep
base = 1
# %% keep
data.size
# %% keep
base = 50
# %% train tags=train
result = data.size, base
