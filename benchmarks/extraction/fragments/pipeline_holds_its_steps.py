# trap: fitting a pipeline fits the objects that it was made of
# needs: numpy scikit-learn
# %% keep
import numpy as np
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
# %% keep
X, y = np.arange(10.0).reshape(5, 2), np.arange(5.0)
# %% keep
scaler = StandardScaler()
pipe = make_pipeline(scaler, Ridge())
# %% keep
pipe.set_params(ridge__alpha=5)
# %% train tags=train
pipe.fit(X, y)
# %% drop
pipe.predict(X)
# %% train tags=train
result = scaler.transform(X)
