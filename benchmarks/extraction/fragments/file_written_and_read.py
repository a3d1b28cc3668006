# trap: a file leads from one cell to another
# needs: pandas numpy
# %% keep
import json
import numpy as np
import pandas as pd
# %% keep
df = pd.DataFrame({"a": [1, 2]})
# %% keep
df.to_csv("table.csv", index=False)
# %% keep
with open("config.json", "w") as file:
    json.dump({"rate": 2}, file)
# %% keep
np.save("weights.npy", np.ones(2))
# %% drop
df.to_csv("unread.csv")
# %% train tags=train
with open("config.json") as file:
    config = json.load(file)
result = (pd.read_csv("table.csv"), config, np.load("weights.npy"))
