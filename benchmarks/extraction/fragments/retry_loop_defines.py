# trap: a while loop with a try inside defines the name at some round
# %% keep
attempts = []
# %% keep
while True:
    attempts.append(1)
    try:
        loaded = [10, 20][len(attempts)]
        break
    except IndexError:
        continue
# %% drop
print(loaded)
# %% train tags=train
result = (loaded, attempts)
