# trap: a generator becomes a context manager that changes a global
# %% keep
from contextlib import contextmanager

config = {"mode": "train", "visits": 0}

@contextmanager
def mode(name):
    before, config["mode"] = config["mode"], name
    yield
    config["mode"] = before
    config["visits"] += 1
# %% keep
with mode("eval"):
    print(config["mode"])
# %% drop
print(config["mode"])
# %% train tags=train
result = (config["mode"], config["visits"])
