# trap: a table of functions is filled, one is called through it
# %% keep
log = []
def first(value):
    log.append(value)
    return value + 1
def second(value):
    return value * 2
# %% keep
steps = {"first": first}
# %% keep
steps["second"] = second
# %% keep
outcome = {name: step(3) for name, step in steps.items()}
# %% drop
print(list(steps))
# %% train tags=train
result = (outcome, log)
