# trap: a fluent interface changes the object at each step
# %% keep
class Query:
    def __init__(self):
        self.parts = []
    def where(self, text):
        self.parts.append(text)
        return self
    def limit(self, number):
        self.parts.append(number)
        return self
# %% keep
query = Query()
# %% keep
query.where("a > 1").limit(3)
# %% drop
Query().where("shown").limit(1)
# %% train tags=train
result = query.parts
