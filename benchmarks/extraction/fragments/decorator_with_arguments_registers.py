# trap: a decorator with arguments stores the function under a name
# %% keep
STEPS = {}
def step(name):
    def put(function):
        STEPS[name] = function
        return function
    return put
# %% keep
@step("double")
def _(value):
    return value * 2
# %% keep
@step("add")
def _(value):
    return value + 1
# %% train tags=train
result = STEPS["add"](STEPS["double"](4))
