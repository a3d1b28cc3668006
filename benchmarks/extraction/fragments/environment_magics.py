# trap: %env and %cd change what is around the notebook
# %% keep
%env FRAGMENT_MAGIC=6
# %% keep
import os
# %% drop
%pwd
# %% train tags=train
result = os.environ["FRAGMENT_MAGIC"]
