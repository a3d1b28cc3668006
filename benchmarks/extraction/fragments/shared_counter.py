# trap: itertools.count is one counter for all who use it
# %% keep
import itertools
# %% keep
numbers = itertools.count()
# %% keep
def new_id():
    return next(numbers)
# %% keep
new_id()
# %% drop
fresh = itertools.count()
next(fresh)
# %% train tags=train
result = [new_id(), new_id()]
