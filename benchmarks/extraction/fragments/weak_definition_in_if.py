# trap: what is bound under a condition adds to the earlier binding, it does not replace it
# %% keep
values = [4, 8, 15]
# %%
scale = 1
# %% keep
if sum(values) > 20:
    scale = 2
# %% keep
if len(values) > 20:
    values = []
elif scale:
    values = values + [16]
# %% train tags=train
result = [value * scale for value in values]
