# trap: a loader calls a function of the notebook for each batch
# needs: torch
# %% keep
import torch
from torch.utils.data import DataLoader

sizes = []
def collate(batch):
    sizes.append(len(batch))
    return torch.tensor(batch)
# %% keep
loader = DataLoader([1.0, 2.0, 3.0], batch_size=2, collate_fn=collate)
# %% keep
for batch in loader:
    print(batch)
# %% drop
print(torch.ones(2))
# %% train tags=train
result = list(sizes)
