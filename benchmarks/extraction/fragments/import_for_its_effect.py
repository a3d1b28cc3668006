# trap: an import that nobody names switches something on
# needs: scikit-learn
# %% keep
from sklearn.experimental import enable_halving_search_cv
# %% keep
from sklearn.model_selection import HalvingGridSearchCV
from sklearn.linear_model import Ridge
# %% drop
import sklearn.cluster
# %% train tags=train
search = HalvingGridSearchCV(Ridge(), {"alpha": [1, 2]})
