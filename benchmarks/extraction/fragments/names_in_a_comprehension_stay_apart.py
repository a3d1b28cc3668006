# trap: the variable of a comprehension is no variable of the notebook
# %% keep
x = 7
rows = [1, 2, 3]
# %% drop
squares = [x * x for x in rows]
# %% drop
biggest = max(x for x in rows)
# %% train tags=train
result = x + sum(rows)
