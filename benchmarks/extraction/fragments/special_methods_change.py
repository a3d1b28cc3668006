# trap: operators, subscripts and calls run methods of the notebook
# %% keep
class Tracker:
    def __init__(self):
        self.log = []
    def __getitem__(self, key):
        self.log.append(("get", key))
        return key
    def __setitem__(self, key, value):
        self.log.append(("set", key))
    def __contains__(self, key):
        self.log.append(("in", key))
        return True
    def __add__(self, other):
        self.log.append(("add", other))
        return 1
    def __call__(self, value):
        self.log.append(("call", value))
    def __len__(self):
        self.log.append(("len",))
        return 3
# %% keep
tracker = Tracker()
# %% keep
tracker["a"]
# %% keep
tracker["b"] = 2
# %% keep
3 in tracker
# %% keep
tracker + 4
# %% keep
tracker(5)
# %% keep
print(len(tracker))
# %% train tags=train
result = tracker.log
