# trap: going through a list of layers gives the layers themselves
# needs: torch
# %% keep
import torch
from torch import nn
# %% keep
layer = nn.Linear(2, 2)
blocks = nn.ModuleList([layer])
# %% keep
for block in blocks:
    nn.init.zeros_(block.weight)
# %% drop
others = nn.ModuleList([nn.Linear(1, 1)])
nn.init.ones_(others[0].weight)
# %% train tags=train
result = layer.weight.sum().item()
