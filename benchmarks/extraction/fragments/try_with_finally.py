# trap: what stands under finally always runs
# %% keep
log = []
# %% keep
try:
    value = int("x")
except ValueError:
    value = 3
else:
    value = 4
finally:
    log.append(value)
# %% drop
try:
    int("y")
except ValueError:
    print("not a number")
# %% train tags=train
result = (value, log)
