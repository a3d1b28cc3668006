# trap: a data set is a class whose methods run inside the loader
# needs: torch
# %% keep
import torch
from torch.utils.data import DataLoader, Dataset

served = []
class Points(Dataset):
    def __init__(self, points):
        self.points = points
    def __len__(self):
        return len(self.points)
    def __getitem__(self, index):
        served.append(index)
        return self.points[index]
# %% keep
points = Points([1.0, 2.0, 3.0])
# %% keep
loader = DataLoader(points, batch_size=2)
# %% keep
first = next(iter(loader))
# %% drop
print(len(points))
# %% train tags=train
result = list(served)
