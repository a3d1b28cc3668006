# trap: a sorted list is new, its items are not
# %% keep
groups = [[3], [1, 1]]
# %% keep
ordered = sorted(groups, key=len, reverse=True)
# %% keep
ordered[0].append(7)
# %% drop
sorted(groups, key=len)
# %% train tags=train
result = groups
