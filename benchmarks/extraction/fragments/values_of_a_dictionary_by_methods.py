# trap: get, pop and setdefault hand out the items themselves
# %% keep
groups = {"a": [1], "b": [2]}
b = groups["b"]
# %% keep
groups.get("a").append(3)
# %% keep
groups.setdefault("c", []).append(4)
# %% keep
groups.pop("b").append(5)
# %% drop
groups.copy().clear()
# %% keep
copied = groups.copy()
copied["a"].append(6)
# %% train tags=train
result = (groups, b)
