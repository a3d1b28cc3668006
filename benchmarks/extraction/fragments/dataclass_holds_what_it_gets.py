# trap: a dataclass keeps its arguments under the names of its fields, in their order
# %% keep
from dataclasses import dataclass

@dataclass
class Base:
    name: str
    items: list

@dataclass
class Child(Base):
    extra: dict
# %% keep
items, extra = [1], {}
child = Child("a", items, extra=extra)
# %% keep
child.items.append(2)
# %% keep
child.extra["k"] = 3
# %% drop
Child("b", [], {}).items.append(9)
# %% train tags=train
result = (items, extra)
