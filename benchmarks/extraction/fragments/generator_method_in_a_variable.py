# trap: a bound method moves its generator on
# %% keep
import random
# %% keep
source = random.Random(4)
draw = source.random
# %% keep
draw()
# %% keep
sample = [draw() for _ in range(3)]
# %% drop
random.Random(5).random()
# %% train tags=train
result = (sample, source.random())
