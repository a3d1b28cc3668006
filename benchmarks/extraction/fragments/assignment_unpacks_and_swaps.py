# trap: a tuple on the left binds several names at once, a swap needs both
# %% keep
first, *middle, last = [1, 2, 3, 4, 5]
# %% keep
first, last = last, first
# %% keep
(a, b), c = (first, middle), last
# %% drop
d, e = c, a
# %% train tags=train
result = (a - c, b)
