# trap: eval() changes how dropout behaves afterwards
# needs: torch
# %% keep
import torch
torch.manual_seed(0)
# %% keep
net = torch.nn.Dropout(0.5)
# %% keep
net.eval()
# %% drop
print(net)
# %% train tags=train
result = net(torch.ones(8))
