# trap: a filter runs its function only when it is used up
# %% keep
rejected = []
def good(value):
    if value < 2:
        rejected.append(value)
    return value >= 2
# %% keep
kept = filter(good, [1, 2, 3, 0])
# %% keep
accepted = list(kept)
# %% drop
len(accepted)
# %% train tags=train
result = (accepted, rejected)
