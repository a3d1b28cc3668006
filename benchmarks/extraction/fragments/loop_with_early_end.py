# trap: a loop with break and else binds a name in one of two places
# %% keep
values = [1, 4, 9]
# %% keep
for value in values:
    if value > 3:
        found = value
        break
else:
    found = None
# %% drop
while True:
    print("once")
    break
# %% train tags=train
result = found
