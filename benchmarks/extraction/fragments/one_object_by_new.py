# trap: __new__ hands out one object again and again
# %% keep
class Config:
    only = None
    def __new__(cls):
        if cls.only is None:
            cls.only = super().__new__(cls)
            cls.only.values = []
        return cls.only
# %% keep
Config().values.append(3)
# %% drop
print("made")
# %% train tags=train
result = Config().values
