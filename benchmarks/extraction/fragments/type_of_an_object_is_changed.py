# trap: an object leads to its class, whose counter is changed
# %% keep
class Model:
    made = 0
    def __init__(self):
        type(self).made += 1
# %% keep
first = Model()
# %% keep
first.__class__.made += 10
# %% drop
class Other:
    made = 0
Other.made += 1
# %% train tags=train
result = Model.made
