# trap: a list lies four levels deep
# %% keep
deep = [1]
# %% keep
tree = {"a": [{"b": (deep, 2)}]}
# %% keep
tree["a"][0]["b"][0].append(5)
# %% drop
print(tree["a"][0]["b"][1])
# %% train tags=train
result = deep
