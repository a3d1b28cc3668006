# trap: iter() of an iterator is the iterator itself
# %% keep
numbers = iter([1, 2, 3, 4])
# %% keep
same = iter(numbers)
# %% keep
first = next(same)
# %% drop
other = iter([1])
next(other)
# %% train tags=train
result = list(numbers)
