# trap: sys.path decides what an import finds
# %% keep
import os, sys
os.makedirs("library", exist_ok=True)
with open("library/found_only_here.py", "w") as file:
    file.write("VALUE = 3\n")
# %% keep
sys.path.insert(0, "library")
# %% keep
import found_only_here
# %% drop
print(found_only_here)
# %% train tags=train
result = found_only_here.VALUE
