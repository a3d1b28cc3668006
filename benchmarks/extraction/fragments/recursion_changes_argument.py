# trap: a function that calls itself changes what it got
# %% keep
tree = {"value": 1, "children": [{"value": 2, "children": []}]}
# %% keep
def double(node):
    node["value"] *= 2
    for child in node["children"]:
        double(child)
# %% keep
double(tree)
# %% drop
def depth(node):
    return 1 + max([depth(child) for child in node["children"]], default=0)

print(depth(tree))
# %% train tags=train
result = tree
