# trap: an object of the notebook keeps a frame, a method changes it
# needs: pandas
# %% keep
import pandas as pd

class Store:
    def __init__(self, frame):
        self.frame = frame
    def add(self, name, value):
        self.frame[name] = value
    def show(self):
        print(self.frame.shape)
# %% keep
df = pd.DataFrame({"a": [1, 2]})
store = Store(df)
# %% keep
store.add("b", 3)
# %% drop
store.show()
# %% train tags=train
result = df
