# trap: columns of one frame decide the columns of another
# needs: pandas
# %% keep
import pandas as pd
# %% keep
train = pd.DataFrame({"c": ["a", "b"]})
test = pd.DataFrame({"c": ["b", "z"]})
# %% keep
train = pd.get_dummies(train)
test = pd.get_dummies(test)
# %% keep
test = test.reindex(columns=train.columns, fill_value=0)
# %% drop
print(train.shape, test.shape)
# %% train tags=train
result = test
