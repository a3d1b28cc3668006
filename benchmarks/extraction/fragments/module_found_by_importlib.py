# trap: a module is imported by a string, then changed
# %% keep
import importlib
# %% keep
statistics = importlib.import_module("statistics")
# %% keep
statistics.offset = 4
# %%
importlib.import_module("cmath")
# %% train tags=train
import statistics as again
result = again.offset
