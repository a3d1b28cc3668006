# trap: printing runs __repr__, which counts
# %% keep
class Shown:
    times = 0
    def __repr__(self):
        self.times += 1
        return "shown"
# %% keep
shown = Shown()
# %% keep
print(shown)
# %% keep
text = f"{shown}"
# %% drop
isinstance(shown, Shown)
# %% train tags=train
result = (shown.times, text)
