# trap: a loader puts rows together in new tensors; what is done to these changes no row
# needs: torch
# %% keep
import torch
from torch.utils.data import DataLoader
# %% keep
rows = [torch.ones(2), torch.zeros(2)]
# %% drop
for batch in DataLoader(rows, batch_size=2, generator=torch.Generator()):
    batch.add_(5)
# %% drop
first = next(iter(DataLoader(rows, generator=torch.Generator())))
first.mul_(0)
# %% train tags=train
weights = sum(row.sum() for row in rows)
