# trap: an f-string runs what stands in its braces
# %% keep
queue = [5, 6, 7]
# %% keep
print(f"next: {queue.pop()}")
# %% drop
print(f"left: {len(queue)}")
# %% train tags=train
result = sum(queue)
