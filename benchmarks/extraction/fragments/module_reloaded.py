# trap: a module is changed on disk and loaded again
# %% keep
%%writefile reloaded_fragment.py
VALUE = 1
# %% keep
import importlib
import reloaded_fragment
# %% keep
with open("reloaded_fragment.py", "w") as file:
    file.write("VALUE = 2000\n")
# %% keep
importlib.invalidate_caches()
importlib.reload(reloaded_fragment)
# %% train tags=train
result = reloaded_fragment.VALUE
