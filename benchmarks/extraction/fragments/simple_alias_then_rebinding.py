# trap: rebinding one of two names leaves the other as it was
# %% keep
values = [1, 2]
# %% keep
kept = values
# %% drop
values = [9]
# %% drop
values.append(10)
# %% train tags=train
result = kept
