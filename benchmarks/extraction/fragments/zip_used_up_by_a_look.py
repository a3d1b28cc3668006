# trap: a zip can be gone through once
# %% keep
pairs = zip([1, 2], [3, 4])
counter = enumerate("abc")
# %% keep
print(list(pairs))
# %% keep
print(next(counter))
# %% drop
print(list(zip([1], [2])))
# %% train tags=train
result = (list(pairs), list(counter))
