# trap: the name of a module is bound to something else
# %% drop
import random
# %% keep
class Dice:
    def __init__(self):
        self.value = 0
    def roll(self):
        self.value += 1
        return self.value
# %% keep
random = Dice()
# %% keep
random.roll()
# %% train tags=train
result = random.roll()
