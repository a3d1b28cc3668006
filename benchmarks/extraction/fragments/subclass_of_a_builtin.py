# trap: a class of the notebook is a list and a dictionary
# %% keep
class Log(list):
    def append(self, value):
        super().append(value * 2)

class Table(dict):
    def __setitem__(self, key, value):
        super().__setitem__(key, [value])
# %% keep
log, table = Log(), Table()
# %% keep
log.append(3)
# %% keep
log.extend([1])
# %% keep
table["a"] = 1
# %% drop
Log().append(4)
# %% train tags=train
result = (list(log), dict(table))
