# trap: a module keeps running figures in a buffer
# needs: torch
# %% keep
import torch

class Mean(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("total", torch.zeros(1))
    def forward(self, x):
        self.total += x.sum()
        return x
# %% keep
mean = Mean()
# %% keep
mean(torch.ones(4))
# %% drop
Mean()(torch.ones(2))
# %% train tags=train
result = mean.total
