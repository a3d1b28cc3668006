# trap: inplace=True changes, the same method without it does not
# needs: pandas numpy
# %% keep
import numpy as np
import pandas as pd
# %% keep
df = pd.DataFrame({"a": [3.0, np.nan, 1.0], "b": [1, 2, 3], "c": [0, 0, 0]})
# %% keep
df.fillna(0, inplace=True)
# %% drop
df.sort_values("a")
# %% keep
df.drop(columns=["c"], inplace=True)
# %% keep
df.insert(0, "first", [7, 8, 9])
# %% keep
df.pop("b")
# %% keep
df.update(pd.DataFrame({"first": [70, 80, 90]}))
# %% keep
df.eval("d = a * 2", inplace=True)
# %% drop
df.rename(columns={"a": "A"})
# %% train tags=train
result = df
