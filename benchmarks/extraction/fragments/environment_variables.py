# trap: an environment variable steers a later cell
# %% keep
import os
# %% keep
os.environ["FRAGMENT_SIZE"] = "12"
# %% keep
os.environ.setdefault("FRAGMENT_RATE", "3")
# %% drop
print(os.environ.get("HOME"))
# %% train tags=train
result = int(os.environ["FRAGMENT_SIZE"]) * int(os.environ["FRAGMENT_RATE"])
