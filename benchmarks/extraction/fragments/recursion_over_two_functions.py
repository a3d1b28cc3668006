# trap: two functions call each other, one changes
# %% keep
log = []
def even(n, box):
    box.append(n)
    return True if n == 0 else odd(n - 1, box)
def odd(n, box):
    return False if n == 0 else even(n - 1, box)
# %% keep
odd(3, log)
# %% drop
even(2, [])
# %% train tags=train
result = log
