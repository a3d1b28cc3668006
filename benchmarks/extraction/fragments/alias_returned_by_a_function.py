# trap: a function hands back what it got
# %% keep
def same(value):
    return value
def pick(table, key):
    return table[key]
# %% keep
items = [1]
table = {"a": [2]}
# %% keep
same(items).append(5)
# %% keep
pick(table, "a").append(6)
# %% drop
def fresh(value):
    return [len(value)]
fresh(items).append(7)
# %% train tags=train
result = (items, table)
