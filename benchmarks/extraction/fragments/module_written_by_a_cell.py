# trap: %%writefile makes a module that a later cell imports
# %% keep
%%writefile helper_of_fragment.py
RATE = 5

def scaled(values):
    return [value * RATE for value in values]
# %% keep
from helper_of_fragment import scaled
# %% drop
%%writefile notes.txt
nothing that is read
# %% train tags=train
result = scaled([1, 2])
