# trap: reading a line moves an open file on
# %% keep
import io
# %% keep
lines = io.StringIO("head\n1\n2\n")
# %% keep
print(lines.readline())
# %% drop
print(len("head"))
# %% train tags=train
result = [int(line) for line in lines]
