# trap: += on a subscript or an attribute changes the object
# %% keep
class Box:
    count = 0
box = Box()
table = {"a": 1}
# %% keep
table["a"] += 4
# %% keep
box.count += 2
# %% drop
print(table["a"] + 1)
# %% train tags=train
result = (table["a"], box.count)
