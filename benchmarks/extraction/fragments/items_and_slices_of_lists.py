# trap: a slice of a list is a new list of the same items
# %% keep
rows = [[1], [2], [3]]
# %% keep
head = rows[:2]
# %% drop?
head.append([9])
# %% keep
head[0].append(5)
# %% keep
rows[1:] = [[7]]
# %% keep
rows.pop().append(8)
# %% train tags=train
result = rows
