# trap: lists travel through *args and **kwargs
# %% keep
def forward(*args, **kwargs):
    return change(*args, **kwargs)

def change(values, *, table):
    values.append(1)
    table["seen"] = True
# %% keep
arguments = ([0],)
options = {"table": {}}
# %% keep
forward(*arguments, **options)
# %% drop
print(*arguments)
# %% train tags=train
result = (arguments, options)
