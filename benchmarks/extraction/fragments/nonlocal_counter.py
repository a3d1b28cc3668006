# trap: a closure keeps state between its calls
# %% keep
def make_counter():
    count = 0
    def tick():
        nonlocal count
        count += 1
        return count
    return tick
# %% keep
tick = make_counter()
# %% drop
other = make_counter()
other()
# %% keep
tick()
# %% train tags=train
result = tick()
