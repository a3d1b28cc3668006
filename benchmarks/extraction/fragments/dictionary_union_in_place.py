# trap: |= changes a dictionary, | makes another
# %% keep
config = {"rate": 1}
tags = {"x"}
# %% keep
config |= {"depth": 2}
# %% keep
tags |= {"y"}
# %% drop
shown = config | {"depth": 9}
# %% train tags=train
result = (sorted(config.items()), sorted(tags))
