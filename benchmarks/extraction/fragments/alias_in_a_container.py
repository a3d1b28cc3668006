# trap: an item of a list is a list with a name of its own
# %% keep
first = [1]
second = [2]
# %% keep
both = [first, second]
# %% keep
both[0].append(3)
# %% keep
second.append(4)
# %% drop
third = [5]
third.append(both)
# %% train tags=train
result = both
