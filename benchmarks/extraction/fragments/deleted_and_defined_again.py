# trap: `del` ends a name, a later definition begins another
# %% drop
data = [0] * 10
# %% drop
print(len(data))
# %%
del data
# %% keep
data = [1, 2]
# %% train tags=train
result = sum(data)
