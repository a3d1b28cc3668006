# trap: each step gives a new object, the first one stays as it was
# %% keep
class Query:
    def __init__(self, parts=()):
        self.parts = list(parts)
    def where(self, text):
        return Query([*self.parts, text])
# %% keep
query = Query(["a"])
# %% drop
query.where("b").where("c")
# %% drop
other = query.where("d")
other.parts.append("e")
# %% train tags=train
result = query.parts
