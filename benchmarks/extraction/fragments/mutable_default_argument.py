# trap: a default list is one list for all calls
# %% keep
def collect(item, seen=[]):
    seen.append(item)
    return list(seen)
# %% keep
collect(1)
# %% keep
collect(2)
# %% train tags=train
result = collect(3)
