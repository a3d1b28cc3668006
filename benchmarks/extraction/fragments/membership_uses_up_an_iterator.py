# trap: `in` and max() go through an iterator
# %% keep
numbers = iter([1, 2, 3, 4, 5])
# %% keep
2 in numbers
# %% drop
2 in [1, 2]
# %% train tags=train
result = list(numbers)
