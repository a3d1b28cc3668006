# trap: a look at a generator takes items away from training
# %% keep
def rows():
    for number in range(5):
        yield number
stream = rows()
# %% keep
next(stream)
# %% keep
for row in stream:
    print(row)
    break
# %% drop
other = rows()
next(other)
# %% train tags=train
result = list(stream)
