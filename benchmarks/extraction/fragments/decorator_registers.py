# trap: a decorator stores the function in a global table
# %% keep
SCORERS = {}
def scorer(function):
    SCORERS[function.__name__] = function
    return function
# %% keep
@scorer
def gap(a, b):
    return abs(a - b)
# %% drop
def unused(a, b):
    return a
# %% train tags=train
result = SCORERS["gap"](1, 5)
