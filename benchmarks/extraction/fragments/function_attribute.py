# trap: a function carries data as an attribute
# %% keep
def scaled(value):
    return value * scaled.factor
# %% keep
scaled.factor = 3
# %% drop
print(scaled)
# %% train tags=train
result = scaled(2)
