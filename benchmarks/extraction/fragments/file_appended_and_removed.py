# trap: a file is added to, another one is removed
# %% keep
import os
# %% keep
with open("log.txt", "w") as file:
    file.write("a")
open("old.txt", "w").close()
# %% keep
with open("log.txt", "a") as file:
    file.write("b")
# %% keep
os.remove("old.txt")
# %% train tags=train
result = (open("log.txt").read(), os.path.exists("old.txt"))
