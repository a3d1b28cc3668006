# trap: a loop over the values of a dictionary changes them
# %% keep
groups = {"a": [1], "b": [2]}
# %% keep
for group in groups.values():
    group.append(0)
# %% keep
for key, group in groups.items():
    group.append(key)
# %% drop
for key in groups.keys():
    print(key)
# %% train tags=train
result = groups
