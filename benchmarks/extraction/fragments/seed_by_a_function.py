# trap: a function of the notebook sets all seeds
# needs: numpy
# %% keep
import random
import numpy as np

def seed_all(seed=7):
    random.seed(seed)
    np.random.seed(seed)
# %% keep
seed_all()
# %% keep
noise = np.random.normal(size=3)
# %% drop
shown = [random.random() for _ in range(3)]
# %% train tags=train
result = noise + np.random.normal(size=3)
