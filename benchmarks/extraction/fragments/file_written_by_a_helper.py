# trap: a function of the notebook writes the file that another one reads
# %% keep
import pickle

def store(value, path):
    with open(path, "wb") as file:
        pickle.dump(value, file)

def fetch(path):
    with open(path, "rb") as file:
        return pickle.load(file)
# %% keep
store([1, 2, 3], "cache.pkl")
# %% drop
print(len("cache.pkl"))
# %% train tags=train
result = fetch("cache.pkl")
