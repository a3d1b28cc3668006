# trap: `del` of a subscript or an attribute changes the object
# %% keep
class Options:
    depth = 3

options = Options()
options.depth = 5
config = {"a": 1, "b": 2}
# %% keep
del config["b"]
# %% keep
del options.depth
# %% drop
sorted(config)
# %% train tags=train
result = (sorted(config.items()), options.depth)
