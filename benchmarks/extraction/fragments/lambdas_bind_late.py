# trap: lambdas made in a loop all see the last value, which another cell may change
# %% keep
steps = []
for factor in [1, 2, 3]:
    steps.append(lambda value: value * factor)
# %% drop
[step(1) for step in steps]
# %% keep
factor = 10
# %% train tags=train
result = [step(2) for step in steps]
