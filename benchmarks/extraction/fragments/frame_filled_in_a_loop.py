# trap: a function of the notebook adds columns to the frame that it gets
# needs: pandas
# %% keep
import pandas as pd

def add_ratio(frame, top, bottom):
    frame[f"{top}_by_{bottom}"] = frame[top] / frame[bottom]
def only_look(frame, column):
    print(frame[column].mean())
# %% keep
df = pd.DataFrame({"a": [1.0, 2.0], "b": [4.0, 5.0]})
# %% keep
for top, bottom in [("a", "b"), ("b", "a")]:
    add_ratio(df, top, bottom)
# %% drop
only_look(df, "a")
# %% train tags=train
result = df
