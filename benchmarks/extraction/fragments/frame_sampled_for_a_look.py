# trap: a look at random rows draws
# needs: numpy pandas
# %% keep
import numpy as np
import pandas as pd
np.random.seed(0)
df = pd.DataFrame({"a": range(10)})
# %% keep
df.sample(3)
# %% drop
df.sample(3, random_state=1)
# %% drop
df.head(3)
# %% train tags=train
result = df.sample(4)
