# trap: a metaclass decides what calling the class gives
# %% keep
class Single(type):
    made = {}
    def __call__(cls, *args, **kwargs):
        if cls not in cls.made:
            cls.made[cls] = super().__call__(*args, **kwargs)
        return cls.made[cls]

class Store(metaclass=Single):
    def __init__(self):
        self.rows = []
# %% keep
first = Store()
first.rows.append(1)
# %% drop
print(len("rows"))
# %% train tags=train
result = Store().rows
