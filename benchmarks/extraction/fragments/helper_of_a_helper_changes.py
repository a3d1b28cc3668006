# trap: a list is changed three calls further down
# %% keep
def put(box, item):
    box["items"].append(item)

def add_all(box, items):
    for item in items:
        put(box, item)

def fill(box):
    add_all(box, [1, 2])
# %% keep
box = {"items": []}
# %% drop
def look(box):
    return len(box["items"])
# %% keep
fill(box)
# %% drop
look(box)
# %% train tags=train
result = box["items"]
