# trap: `with ... as` binds a name that lives on after the block
# %% keep
import contextlib

@contextlib.contextmanager
def opened(value):
    yield {"value": value}
# %% keep
with opened(3) as box:
    box["twice"] = box["value"] * 2
# %% drop
with opened(4) as other:
    print(other)
# %% train tags=train
result = sorted(box.items())
