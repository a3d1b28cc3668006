# trap: a list is filled by a comprehension that nobody keeps
# %% keep
found = []
# %% keep
[found.append(value * 2) for value in range(3)]
# %% keep
any(found.append(value) for value in [7, 8])
# %% drop
[value for value in found]
# %% train tags=train
result = list(found)
