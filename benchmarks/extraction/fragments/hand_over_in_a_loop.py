# trap: lists change places in a loop, then one of them is changed
# %% keep
a, b, c = [1], [2], [3]
# %% keep
for _ in range(2):
    a, b, c = b, c, a
# %% keep
a.append(0)
# %% train tags=train
result = (a, b, c)
