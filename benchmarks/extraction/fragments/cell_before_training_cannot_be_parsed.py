# trap: before a target nobody knows what an unreadable cell does
# %% keep
values = [1, 2]
# %% keep runs=no
print "python two"
# %% keep
shown = 3
# %% train tags=train
result = sum(values)
