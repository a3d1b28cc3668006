# trap: a map computes when somebody goes through it
# %% keep
factor = 2
def scaled(value):
    return value * factor
# %% keep
scaled_values = map(scaled, [1, 2, 3])
# %% keep
factor = 100
# %% drop
print("not yet computed")
# %% train tags=train
result = list(scaled_values)
