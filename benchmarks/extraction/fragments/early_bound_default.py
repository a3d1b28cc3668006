# trap: a default value is read when the function is defined
# %% keep
rate = 0.5
# %% keep
def scaled(value, rate=rate):
    return value * rate
# %% drop
rate = 100
# %% train tags=train
result = scaled(4)
