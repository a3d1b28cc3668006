# trap: looking at things changes nothing
# needs: pandas
# %% keep
import pandas as pd
# %% keep
df = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
# %% drop
df
# %% drop
df.head(3), df.shape
# %% drop
df.info()
print(df.dtypes)
# %% drop
from IPython.display import display
display(df)
# %% drop
for column in df.columns:
    print(column, df[column].unique())
# %% drop
df.corr().round(2).style.format("{:.1f}")
# %% drop
help(len)
# %% drop
if len(df) > 1:
    print("many")
else:
    print("few")
# %% train tags=train
result = df.sum()
