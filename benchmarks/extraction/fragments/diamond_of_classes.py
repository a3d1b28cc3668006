# trap: a method stands in one of several base classes
# %% keep
class Base:
    def __init__(self, log):
        self.log = log
    def note(self, text):
        self.log.append(text)
class Left(Base):
    pass
class Right(Base):
    def note(self, text):
        super().note(text.upper())
class Both(Left, Right):
    pass
# %% keep
log = []
both = Both(log)
# %% keep
both.note("a")
# %% drop
Both([]).note("b")
# %% train tags=train
result = log
