# trap: an operator of the notebook's class makes a new object, which is changed
# %% keep
class Vector:
    def __init__(self, values):
        self.values = list(values)
    def __add__(self, other):
        return Vector(a + b for a, b in zip(self.values, other.values))
    def __iadd__(self, other):
        self.values = [a + b for a, b in zip(self.values, other.values)]
        return self
# %% keep
first = Vector([1, 2])
second = Vector([3, 4])
# %% keep
alias = first
alias += second
# %% drop
shown = first + second
print(shown.values)
# %% train tags=train
result = first.values
