# trap: a function rebinds a name of the notebook
# %%
counter = 0
# %% keep
def advance(by):
    global counter
    counter = by + 1
# %% keep
advance(4)
# %% drop
def unused():
    global counter
    counter = -1
# %% train tags=train
result = counter
