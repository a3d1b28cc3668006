# trap: `Model.step(model)` is `model.step()`
# %% keep
class Model:
    def __init__(self):
        self.steps = []
    def step(self, size):
        self.steps.append(size)
# %% keep
model = Model()
# %% keep
Model.step(model, 3)
# %% drop
Model.step(Model(), 4)
# %% train tags=train
result = model.steps
