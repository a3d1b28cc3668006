# trap: += on a number makes a new number
# %% keep
total = 1
# %% drop?
copied = total
# %% drop?
copied += 5
# %% keep
total += 10
# %% train tags=train
result = total
