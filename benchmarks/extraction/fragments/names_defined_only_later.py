# trap: a function may read a name that is defined between its definition and its call
# %% keep
def build():
    return [size] * depth
# %% keep
depth = 2
# %% drop
print(depth)
# %% keep
size = 5
# %% train tags=train
model = build()
# %% drop
size = 9
