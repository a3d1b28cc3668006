# trap: += on a loop variable changes the items of the list, where they are lists
# %% keep
rows = [[1], [2]]
# %% keep
for row in rows:
    row += [0]
# %% drop
numbers = [1, 2]
for number in numbers:
    number += 1
# %% train tags=train
result = rows
