# trap: a generator reads its list when it runs
# %% keep
values = [1, 2]
# %% keep
doubled = (value * 2 for value in values)
# %% keep
values.append(3)
# %% drop
copied = [value for value in values]
# %% train tags=train
result = list(doubled)
