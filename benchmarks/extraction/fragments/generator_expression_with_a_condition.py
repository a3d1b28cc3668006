# trap: a generator expression has several sources, conditions, and a := that leaks
# %% keep
rows = [[1, 2], [3, 4]]
limit = 1
# %% keep
picked = list(last := value for row in rows if row for value in row if value > limit)
# %% drop
any(value > 3 for row in rows for value in row)
# %% train tags=train
result = (picked, last)
