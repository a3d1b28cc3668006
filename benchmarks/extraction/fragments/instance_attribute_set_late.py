# trap: a method reads an attribute that another cell sets
# %% keep
class Model:
    def predict(self, value):
        return value * self.weight
# %% keep
model = Model()
# %% keep
model.name = "first"
# %% keep
model.weight = 4
# %% train tags=train
result = model.predict(2)
