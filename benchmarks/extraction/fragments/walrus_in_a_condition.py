# trap: := binds while a condition is tested
# %% keep
rows = [5, 6, 7]
# %% keep
if (count := len(rows)) > 2:
    print("many rows")
# %% drop
while (left := len(rows)) > 9:
    break
# %% train tags=train
result = count * 10
