# trap: a value comes out of an except block
# %% keep
settings = {"rate": 0.1}
# %% keep
try:
    momentum = settings["momentum"]
except KeyError as problem:
    momentum = 0.9
# %% drop
print(momentum)
# %% train tags=train
result = settings["rate"] * momentum
