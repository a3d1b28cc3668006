# trap: functions and classes that nobody calls
# %% drop
def unused(values):
    values.clear()
# %% drop
class Unused:
    def fit(self, values):
        values.clear()
# %% keep
values = [1, 2]
# %% drop
handler = lambda: values.clear()
# %% train tags=train
result = values
