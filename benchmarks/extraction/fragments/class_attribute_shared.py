# trap: a list in the body of a class is one list for all objects
# %% keep
class Log:
    lines = []
    def add(self, line):
        self.lines.append(line)
# %% keep
first = Log()
# %% keep
first.add("a")
# %% keep
second = Log()
second.add("b")
# %% train tags=train
result = Log.lines
