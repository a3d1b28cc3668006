# trap: the pairs of a zip are the items themselves
# %% keep
names = ["a", "b"]
groups = [[1], [2]]
# %% keep
for name, group in zip(names, groups):
    group.append(name)
# %% drop
for name, group in zip(names, groups):
    print(name, len(group))
# %% train tags=train
result = groups
