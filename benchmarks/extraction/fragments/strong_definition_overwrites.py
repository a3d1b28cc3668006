# trap: a plain assignment makes every earlier value of the name irrelevant
# %% drop
rate = 0.5
values = list(range(1000))
# %% keep
rate = 0.1
values = [3, 1, 2]
# %% drop
print(sum(values) * rate)
# %% train tags=train
result = [value * rate for value in values]
