# trap: %run takes over the names of a program
# %% keep
%%writefile prepare_fragment.py
values = [1, 2, 3]
def total():
    return sum(values)
# %% keep
%run prepare_fragment.py
# %% drop
print("run")
# %% train tags=train
result = total() + values[0]
