# trap: a method of a class is replaced after objects were made
# %% keep
class Model:
    def step(self):
        return 1
model = Model()
# %% keep
def better(self):
    return 2
# %% keep
Model.step = better
# %% drop
print(Model)
# %% train tags=train
result = model.step()
