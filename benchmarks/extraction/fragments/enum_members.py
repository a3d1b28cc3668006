# trap: the members of an Enum are used by name, and by iteration
# %% keep
from enum import Enum

class Kind(Enum):
    SMALL = 1
    LARGE = 2
# %% keep
counts = {kind: 0 for kind in Kind}
# %% keep
counts[Kind.LARGE] += 3
# %% drop
print(Kind.SMALL.value)
# %% train tags=train
result = sorted((kind.name, count) for kind, count in counts.items())
