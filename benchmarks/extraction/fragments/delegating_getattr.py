# trap: __getattr__ hands everything to another object
# %% keep
class Proxy:
    def __init__(self, inner):
        self.inner = inner
    def __getattr__(self, name):
        return getattr(self.inner, name)
# %% keep
items = [1]
# %% keep
proxy = Proxy(items)
# %% keep
proxy.append(2)
# %% drop
proxy.index(1)
# %% train tags=train
result = items
