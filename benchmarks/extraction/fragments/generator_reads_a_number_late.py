# trap: a generator expression reads globals when somebody goes through it
# %% drop?
factor = 2
# %% keep
doubled = (value * factor for value in [1, 2, 3])
# %% keep
factor = 100
# %% drop
print(factor)
# %% train tags=train
result = list(doubled)
