# trap: `_` is what the last cell showed
# %% keep
values = [1, 2, 3]
# %% keep
sum(values) * 2
# %% keep
total = _ + 1
# %% train tags=train
result = total
