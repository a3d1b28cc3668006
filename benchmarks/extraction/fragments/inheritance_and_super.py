# trap: a method of a base class does the work
# %% keep
class Base:
    def __init__(self, box):
        self.box = box
    def put(self, value):
        self.box.append(value)
# %% keep
class Child(Base):
    def __init__(self, box):
        super().__init__(box)
        self.box.append("made")
    def put(self, value):
        super().put(value * 2)
# %% keep
box = []
# %% keep
child = Child(box)
# %% keep
child.put(4)
# %% drop
class Stranger(Base):
    pass
# %% train tags=train
result = box
