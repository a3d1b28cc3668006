# trap: a method stored in a variable changes its object
# %% keep
items = [3, 1, 2]
add = items.append
# %% keep
add(9)
# %% keep
actions = {"sort": items.sort}
# %% keep
actions["sort"]()
# %% drop?
size = items.__len__
size()
# %% train tags=train
result = list(items)
