# trap: Out[n] is what the cell with that number showed
# %% keep count=1
values = [1, 2, 3]
# %% keep count=2
max(values) + 10
# %% drop count=3
print("nothing")
# %% keep count=4
best = Out[2]
# %% train tags=train count=5
result = best
