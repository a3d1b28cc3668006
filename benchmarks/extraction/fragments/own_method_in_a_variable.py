# trap: a method of the notebook's own object is kept and called later
# %% keep
class Model:
    def __init__(self):
        self.steps = []
    def step(self, size):
        self.steps.append(size)
# %% keep
model = Model()
# %% keep
step = model.step
# %% keep
step(3)
# %% keep
list(map(model.step, [4, 5]))
# %% drop
Model().step(6)
# %% train tags=train
result = model.steps
