# trap: weights are set by hand where no gradients are recorded
# needs: torch
# %% keep
import torch
torch.manual_seed(0)
net = torch.nn.Linear(2, 1)
# %% keep
with torch.no_grad():
    net.weight[:] = 3
    net.bias.copy_(torch.ones(1))
# %% drop
with torch.no_grad():
    print(net(torch.ones(1, 2)))
# %% keep
torch.set_grad_enabled(False)
# %% train tags=train
result = net(torch.ones(1, 2)).requires_grad, net.weight.sum()
