# trap: the training hides in a method of the notebook's own class
# needs: numpy
# %% keep
import numpy as np
# %% keep
class Line:
    def __init__(self, rate=0.1):
        self.w, self.rate = 0.0, rate
    def fit(self, x, y):
        for _ in range(10):
            self.w -= self.rate * ((self.w * x - y) * x).mean()
        return self
    def score(self, x, y):
        return -((self.w * x - y) ** 2).mean()
# %% keep
x = np.linspace(0, 1, 5)
y = 3 * x
# %% drop
x.mean(), y.mean()
# %% train
line = Line().fit(x, y)
# %% metrics
line.score(x, y)
