# trap: new frames are made from old ones, step by step
# needs: pandas
# %% keep
import pandas as pd
# %% keep
sales = pd.DataFrame({"shop": [1, 1, 2], "sold": [3, 4, 5]})
shops = pd.DataFrame({"shop": [1, 2], "town": ["A", "B"]})
# %% drop
sales.groupby("shop").agg(["mean", "std"])
# %% keep
df = sales.merge(shops, on="shop", how="left")
# %% drop
pivot = df.pivot_table(index="town", values="sold")
pivot["share"] = pivot["sold"] / pivot["sold"].sum()
pivot.sort_values("share", inplace=True)
# %% keep
df = df.join(df.groupby("town")["sold"].transform("mean").rename("town_mean"))
# %% drop
df.plot
df.isna().sum()
# %% train tags=train
result = df
