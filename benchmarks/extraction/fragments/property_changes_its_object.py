# trap: a mere look at a property changes the object
# %% keep
class Loader:
    def __init__(self):
        self.reads = 0
    @property
    def data(self):
        self.reads += 1
        return [self.reads]
    @data.setter
    def data(self, value):
        self.reads = value
# %% keep
loader = Loader()
# %% keep
print(loader.data)
# %% keep
loader.data = loader.reads + 10
# %% drop
print(Loader)
# %% train tags=train
result = loader.data
