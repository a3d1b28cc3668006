# trap: a partial changes the list that it was made with
# %% keep
from functools import partial

def put(box, item):
    box.append(item)
# %% keep
items = []
add = partial(put, items)
# %% keep
add(3)
# %% drop
part = partial(print, "shown")
part()
# %% train tags=train
result = list(items)
