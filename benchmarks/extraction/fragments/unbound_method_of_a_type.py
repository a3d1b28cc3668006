# trap: `list.append(items, 3)` changes its first argument
# %% keep
items = [1]
config = {"a": 1}
# %% keep
list.append(items, 3)
# %% keep
dict.update(config, b=2)
# %% drop
str.upper("shown")
# %% train tags=train
result = (items, config)
