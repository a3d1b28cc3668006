# trap: the condition of an assertion may change something
# %% keep
queue = [5, 6, 7]
# %% keep
assert queue.pop() == 7
# %% drop
assert len(queue) == 2
# %% train tags=train
result = list(queue)
