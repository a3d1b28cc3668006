# trap: reading a defaultdict adds a key
# %% keep
from collections import defaultdict
# %% keep
groups = defaultdict(list)
# %% keep
groups["a"].append(1)
# %% keep
groups["b"]
# %% drop
groups.get("c")
# %% train tags=train
result = sorted(groups.items())
