# trap: code in a string may bind and change anything
# %% keep
values = [1, 2]
# %% keep
exec("values.append(3); scale = 5")
# %% drop
print("no need")
# %% train tags=train
result = [value * scale for value in values]
