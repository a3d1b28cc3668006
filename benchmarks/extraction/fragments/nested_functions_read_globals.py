# trap: a function made by a function reads a global when it runs
# %% keep
def make():
    def inner(value):
        return value + offset
    return inner
# %% keep
inner = make()
# %% drop
offset = 1
# %% keep
offset = 5
# %% train tags=train
result = inner(1)
