# trap: a setting of a class counts for objects that are made already
# %% keep
class Model:
    rate = 0.1
    def step(self, value):
        return value - self.rate
# %% keep
model = Model()
# %% keep
Model.rate = 0.5
# %% drop
print(Model.rate)
# %% train tags=train
result = model.step(3)
