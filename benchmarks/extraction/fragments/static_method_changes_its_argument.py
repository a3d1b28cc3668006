# trap: a static method gets no object of its own
# %% keep
class Tools:
    @staticmethod
    def fill(box, value):
        box.append(value)
    @classmethod
    def load(cls, value):
        cls.value = value
# %% keep
box = []
tools = Tools()
# %% keep
tools.fill(box, 3)
# %% keep
Tools.fill(box, 4)
# %% keep
Tools.load(7)
# %% drop
tools.fill([], 5)
# %% train tags=train
result = (box, Tools.value)
