# trap: a metaclass runs when a class is defined
# %% keep
known = {}
class Meta(type):
    def __new__(mcs, name, bases, body):
        made = super().__new__(mcs, name, bases, body)
        known[name] = body.get("size", 0)
        return made
# %% keep
class Small(metaclass=Meta):
    size = 1
# %% train tags=train
result = known
