# trap: a changed copy leaves the frame alone
# needs: pandas
# %% keep
import pandas as pd
# %% keep
df = pd.DataFrame({"a": [1, 2, 3], "g": ["u", "v", "u"]})
# %% drop
copied = df.copy()
copied["a"] = 0
# %% drop
shown = df.assign(b=1)
shown["c"] = 2
# %% drop
df.groupby("g")["a"].mean()
# %% drop
part = df.dropna().reset_index()
part.loc[0, "a"] = 77
# %% keep
df = df[df["g"] == "u"]
# %% train tags=train
result = df
