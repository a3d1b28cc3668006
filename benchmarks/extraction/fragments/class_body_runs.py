# trap: the body of a class runs when the class is defined
# %% keep
registry = []
# %% keep
class Settings:
    depth = 3
    registry.append(depth)
# %% drop
class Unused:
    depth = 4
# %% train tags=train
result = list(registry)
