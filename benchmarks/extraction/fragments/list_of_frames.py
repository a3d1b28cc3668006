# trap: frames that stand in a dictionary are changed through it
# needs: pandas
# %% keep
import pandas as pd
# %% keep
train = pd.DataFrame({"a": [1, 2]})
test = pd.DataFrame({"a": [3]})
# %% keep
for frame in [train, test]:
    frame["b"] = frame["a"] + 1
# %% keep
both = {"train": train, "test": test}
both["test"]["c"] = 5
# %% drop
for name, frame in both.items():
    print(name, frame.shape)
# %% train tags=train
result = (train, test)
