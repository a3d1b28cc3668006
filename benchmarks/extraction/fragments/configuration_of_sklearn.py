# trap: a setting of the library changes what transformers give
# needs: numpy pandas scikit-learn
# %% keep
import pandas as pd
import sklearn
from sklearn.preprocessing import StandardScaler
# %% keep
sklearn.set_config(transform_output="pandas")
# %% keep
df = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 5.0]})
# %% train tags=train
result = type(StandardScaler().fit_transform(df)).__name__
