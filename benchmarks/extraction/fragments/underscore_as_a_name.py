# trap: `_` is often just a name for what nobody wants
# %% drop
3 * 4
# %% keep
_, value = (1, 2)
# %% keep
rows = [value for _ in range(3)]
for _ in range(2):
    rows.append(value)
# %% drop
len(rows)
# %% train tags=train
result = rows
