# trap: __iter__ and __next__ of a class of the notebook move it on
# %% keep
class Batches:
    def __init__(self):
        self.epoch = 0
    def __iter__(self):
        self.epoch += 1
        return iter([self.epoch] * 2)
# %% keep
batches = Batches()
# %% keep
for batch in batches:
    print(batch)
# %% keep
first, second = batches
# %% drop
print(type(batches))
# %% train tags=train
result = (batches.epoch, first)
