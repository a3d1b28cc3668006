# trap: __getattr__ computes an attribute from what is there when it is read
# %% keep
class Lazy:
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return DEFAULTS[name]
# %% keep
lazy = Lazy()
# %% keep
DEFAULTS = {"items": [1]}
# %% keep
lazy.items.append(2)
# %% drop
print(Lazy)
# %% train tags=train
result = lazy.items
