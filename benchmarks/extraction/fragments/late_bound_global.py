# trap: a function reads a global when it is called, not when it is defined
# %% keep
def scaled(values):
    return [value * factor for value in values]
# %% drop
factor = 2
# %% drop
print(factor)
# %% keep
factor = 10
# %% train tags=train
result = scaled([1, 2, 3])
