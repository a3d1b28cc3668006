# trap: a loop variable and what the body binds stay when the loop is over
# %% keep
table = {"small": 3, "large": 9}
# %% keep
for name, size in table.items():
    last = size * 2
# %% drop
for word in table:
    print(word)
# %% train tags=train
result = (name, size, last)
