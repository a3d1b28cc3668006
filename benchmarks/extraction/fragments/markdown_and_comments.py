# trap: prose and comments hold code that never runs
# %% [markdown]
# values = [9, 9]
# %% keep
values = [1, 2]
# %% drop
# values = [3]
# %% drop
"""
values = [4]
"""
# %% drop
# %% drop
pass
# %% train tags=train
result = sum(values)
