# trap: a class that nobody knows is given the name of a file that a cell wrote
# needs:
# %% keep
import configparser
# %% keep
with open("settings.ini", "w") as file:
    file.write("[train]\nrate = 3\n")
# %% drop
with open("other.ini", "w") as file:
    file.write("[train]\nrate = 4\n")
# %% keep
settings = configparser.ConfigParser()
found = settings.read_dict({}) or settings.read("settings.ini")
# %% train tags=train
result = settings["train"]["rate"]
