# trap: a named tuple cannot be changed, the list in it can
# %% keep
from collections import namedtuple
from types import SimpleNamespace

Pair = namedtuple("Pair", "name values")
# %% keep
values = [1]
pair = Pair("a", values)
space = SimpleNamespace(pair=pair)
# %% keep
pair.values.append(2)
# %% keep
space.pair.values.append(3)
# %% drop
Pair("b", [0]).values.append(9)
# %% train tags=train
result = values
