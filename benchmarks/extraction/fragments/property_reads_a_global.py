# trap: a property computes when it is read, from what is there then
# %% keep
class Model:
    @property
    def rate(self):
        return base * 2
# %% keep
model = Model()
# %% drop
base = 1
# %% keep
base = 4
# %% train tags=train
result = model.rate
