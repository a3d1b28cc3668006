# trap: a layer that works in place changes what it is called with, unless another layer comes before it
# needs: torch
# %% keep
import torch
from torch import nn
# %% keep
x = torch.tensor([-1.0, 2.0])
# %% keep
nn.ReLU(inplace=True)(x)
# %% drop
nn.Sequential(nn.Flatten(0), nn.Identity())(x)
# %% train tags=train
result = x * 2
