# trap: names of attributes are written as strings
# %% keep
class Options:
    depth = 1
options = Options()
options.items = []
# %% keep
setattr(options, "depth", 4)
# %% keep
getattr(options, "items").append(2)
# %% drop
print(getattr(options, "depth"))
# %% keep
vars(options)["rate"] = 3
# %% keep
options.__dict__.update(width=8)
# %% train tags=train
result = (options.depth, options.items, options.rate, options.width)
