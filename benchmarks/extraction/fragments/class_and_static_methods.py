# trap: a class method changes the class
# %% keep
class Config:
    values = {}
    total = 0
    @classmethod
    def put(cls, key, value):
        cls.values[key] = value
        cls.total += value
    @staticmethod
    def show(value):
        return str(value)
# %% keep
Config.put("a", 3)
# %% drop
Config.show(3)
# %% train tags=train
result = (Config.values, Config.total)
