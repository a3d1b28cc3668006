# trap: := inside a comprehension binds a name of the notebook
# %% keep
rows = [5, 6, 7]
# %%
last = 0
# %% keep
doubled = [last := row * 2 for row in rows]
# %% drop
print(doubled)
# %% train tags=train
result = last
