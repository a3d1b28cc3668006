# trap: an object holds a list that another name changes
# %% keep
class Box:
    pass
items = [1]
# %% keep
box = Box()
box.items = items
# %% keep
items.append(2)
# %% keep
box.items.append(3)
# %% drop
print(box.items)
# %% train tags=train
result = (items, box.items)
