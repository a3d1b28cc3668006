# trap: a loader hands out the very data set that it was made of
# needs: torch
# %% keep
import torch
from torch.utils.data import DataLoader
# %% keep
rows = [torch.ones(2)]
# %% keep
loader = DataLoader(rows)
# %% keep
loader.dataset.append(torch.full((2,), 7.0))
# %% drop
len(loader.dataset)
# %% train tags=train
weights = torch.stack(rows).sum()
