# trap: an object is called like a function, and keeps what it saw
# %% keep
class Model:
    def __init__(self):
        self.seen = []
    def __call__(self, values):
        return self.forward(values)
    def forward(self, values):
        self.seen.append(len(values))
        return values
# %% keep
model = Model()
# %% keep
model([1, 2])
# %% drop
Model()([1])
# %% train tags=train
result = (model([3]), model.seen)
