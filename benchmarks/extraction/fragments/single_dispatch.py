# trap: a function is extended for a type after it was defined
# %% keep
from functools import singledispatch

@singledispatch
def encode(value):
    return repr(value)
# %% keep
@encode.register
def _(value: int):
    return value + 100
# %% drop
encode("shown")
# %% train tags=train
result = encode(3)
