# trap: a list inside a module is changed
# %% keep
import string
import types
settings = types.SimpleNamespace(layers=[])
# %% keep
settings.layers.append(3)
# %% keep
string.extra = ["a"]
# %% keep
string.extra.append("b")
# %% drop
print(string.digits)
# %% train tags=train
result = (settings.layers, string.extra)
