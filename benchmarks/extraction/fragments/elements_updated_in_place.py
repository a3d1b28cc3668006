# trap: += on a subscript changes the array that has another name
# needs: numpy
# %% keep
import numpy as np
# %% keep
w = np.zeros(2)
layers = {"w": w}
# %% keep
layers["w"] += 3
# %% drop
total = layers["w"] + 1
# %% train tags=train
result = w
