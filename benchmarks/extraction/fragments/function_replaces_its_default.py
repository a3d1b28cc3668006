# trap: the defaults of a function are changed from outside
# %% keep
def scaled(value, factor=1):
    return value * factor
# %% keep
scaled.__defaults__ = (7,)
# %% train tags=train
result = scaled(2)
