# trap: __init_subclass__ runs when a subclass is defined
# %% keep
class Plugin:
    known = []
    def __init_subclass__(cls):
        Plugin.known.append(cls.__name__)
# %% keep
class First(Plugin):
    pass
# %% drop
class Stranger:
    pass
# %% train tags=train
result = Plugin.known
