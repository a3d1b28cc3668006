# trap: splits and estimators move the generator on that they get
# needs: numpy scikit-learn
# %% keep
import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import resample
# %% keep
rng = np.random.RandomState(0)
X, y = np.arange(20).reshape(10, 2), np.arange(10)
# %% keep
resample(X, random_state=rng)
# %% drop
resample(X, random_state=3)
# %% train tags=train
result = train_test_split(X, y, random_state=rng)
