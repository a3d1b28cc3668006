# trap: unpacking goes through the iterator
# %% keep
numbers = iter([1, 2, 3, 4, 5])
words = iter(["a", "b"])
# %% keep
first, second, *_ = numbers
# %% keep
print(*words)
# %% drop
print(first)
# %% train tags=train
result = (list(numbers), list(words))
