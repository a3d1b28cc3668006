# trap: what stands after the last target need not be Python
# %% keep
values = [1, 2]
# %% drop
print(values)
# %% train tags=train
result = sum(values)
# %% drop
this is not python at all (
