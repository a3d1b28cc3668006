# trap: a function is renamed, then redefined under the old name
# %% keep
def clean(value):
    return value.strip()
# %% keep
first_clean = clean
# %% drop
def clean(value):
    return value.upper()
# %% train tags=train
result = first_clean(" a ")
