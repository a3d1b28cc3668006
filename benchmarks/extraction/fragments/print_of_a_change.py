# trap: a cell that only prints may change what it prints
# %% keep
queue = [5, 6, 7]
seen = {5}
# %% keep
print(queue.pop(0))
# %% drop
print(queue[0], sorted(seen))
# %% keep
print("added", seen.add(8))
# %% train tags=train
result = (queue, sorted(seen))
