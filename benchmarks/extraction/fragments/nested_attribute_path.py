# trap: an object three attributes away is changed
# %% keep
from types import SimpleNamespace
# %% keep
config = SimpleNamespace(model=SimpleNamespace(layers=[1]))
# %% keep
layers = config.model.layers
# %% keep
layers.append(2)
# %% keep
config.model.rate = 0.5
# %% drop
print(config.model)
# %% train tags=train
result = (config.model.layers, config.model.rate)
