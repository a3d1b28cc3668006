# trap: a shallow copy shares its items, a deep one does not
# %% drop
import copy
# %% keep
groups = [[1], [2]]
# %% keep
shallow = list(groups)
# %% drop
deep = copy.deepcopy(groups)
deep[0].append(99)
# %% keep
shallow[0].append(3)
# %% train tags=train
result = groups
