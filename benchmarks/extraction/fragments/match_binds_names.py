# trap: the patterns of `match` bind names, parts of them are the object itself
# %% keep
message = {"kind": "points", "values": [[1, 2], [3, 4]]}
# %% keep
match message:
    case {"kind": "points", "values": [first, *others]}:
        first.append(9)
    case {"kind": str() as kind}:
        others = []
# %% drop
match 3:
    case int() as number:
        print(number)
# %% train tags=train
result = (message, others)
