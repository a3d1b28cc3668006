# trap: the key of a sort keeps a log
# %% keep
asked = []
def key(value):
    asked.append(value)
    return -value
# %% keep
values = [3, 1, 2]
# %% keep
sorted(values, key=key)
# %% drop
sorted(values, key=abs)
# %% train tags=train
result = asked
