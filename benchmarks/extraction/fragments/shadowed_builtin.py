# trap: a notebook may give a builtin's name to something of its own
# %% keep
def sum(values):
    return -1
# %% drop
max = 3
# %% drop
print(max)
# %% train tags=train
result = sum([1, 2])
