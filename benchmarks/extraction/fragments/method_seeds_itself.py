# trap: an object that seeds the generator when it is made does not feel what was drawn before
# needs: numpy
# %% keep
import numpy as np
# %% keep
class Run:
    def __init__(self, seed):
        np.random.seed(seed)
        self.noise = np.random.rand(2)

    def draw(self):
        return self.noise + np.random.rand(2)
# %% drop
first = Run(1)
first.draw()
# %% keep
second = Run(2)
# %% train tags=train
result = second.draw()
