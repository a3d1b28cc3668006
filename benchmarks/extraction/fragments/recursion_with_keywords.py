# trap: a function hands on its list by keyword when it calls itself
# %% keep
def count(n, *, into):
    into.append(n)
    if n:
        count(n - 1, into=into)
# %% keep
numbers = []
# %% keep
count(3, into=numbers)
# %% drop
count(3, into=[])
# %% train tags=train
result = numbers
