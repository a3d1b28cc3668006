# trap: a star import may bind any name that nothing else binds
# %% keep
from math import *
# %% keep
numbers = [1, 4, 9]
# %% drop
print(numbers)
# %% train tags=train
result = [sqrt(number) for number in numbers]
