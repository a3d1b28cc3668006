# trap: a data frame is changed by columns, cells, names and indexes
# needs: pandas
# %% keep
import pandas as pd
# %% keep
df = pd.DataFrame({"a": [1, 2, 3], "b": [4.0, 5.0, 6.0]})
# %% drop
df.describe()
# %% keep
df["c"] = df["a"] * 2
# %% keep
df.loc[df["a"] > 1, "b"] = 0
# %% keep
df.at[0, "a"] = 9
df.iloc[2, 0] = 8
# %% keep
df.columns = ["x", "y", "z"]
# %% keep
df.index = [10, 20, 30]
# %% drop
df.head()
df[df["x"] > 8]
# %% keep
del df["z"]
# %% train tags=train
result = df
