# trap: leaving a with block changes what a global holds
# %% keep
state = {"depth": 0, "left": 0}
class Deeper:
    def __enter__(self):
        state["depth"] += 1
        return self
    def __exit__(self, *problem):
        state["left"] += 1
# %% keep
with Deeper():
    pass
# %% drop
import contextlib
with contextlib.suppress(ValueError):
    print("inside")
# %% train tags=train
result = dict(state)
