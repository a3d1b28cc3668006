# trap: training writes its figures into a dictionary that it was handed
# needs: numpy xgboost
# %% keep
import numpy as np
import xgboost as xgb
# %% keep
data = xgb.DMatrix(np.arange(8.0).reshape(4, 2), label=np.arange(4.0))
# %% keep
found = {}
# %% keep
booster = xgb.train({"nthread": 1}, data, 2, evals=[(data, "train")], evals_result=found, verbose_eval=False)
# %% drop
other = {}
# %% train tags=train
result = found["train"]["rmse"][-1]
