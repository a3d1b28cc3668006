# trap: the function given to apply fills a list
# needs: pandas
# %% keep
import pandas as pd

seen = []
def note(value):
    seen.append(value)
    return value
# %% keep
s = pd.Series([1, 2])
# %% keep
s.apply(note)
# %% drop
s.apply(str)
# %% train tags=train
result = seen
