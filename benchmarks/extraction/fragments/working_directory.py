# trap: the working directory decides which file is meant
# %% keep
import os
os.makedirs("inner", exist_ok=True)
with open("inner/a.txt", "w") as file:
    file.write("inside")
# %% keep
os.chdir("inner")
# %% drop
os.getcwd()
# %% train tags=train
result = open("a.txt").read()
