# trap: a loop goes through a sequence of the notebook by its __getitem__
# %% keep
served = []
class Points:
    def __len__(self):
        return 2
    def __getitem__(self, index):
        if index >= 2:
            raise IndexError
        served.append(index)
        return index
# %% keep
points = Points()
# %% keep
for point in points:
    print(point)
# %% keep
total = sum(points)
# %% drop
print(len(points))
# %% train tags=train
result = (served, total)
