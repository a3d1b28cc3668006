# trap: a hook fills a list whenever the network runs
# needs: torch
# %% keep
import torch
torch.manual_seed(0)
net = torch.nn.Linear(2, 1)
# %% keep
seen = []
# %% keep
net.register_forward_hook(lambda module, inputs, output: seen.append(output.shape))
# %% keep
net(torch.ones(3, 2))
# %% drop
print(net.weight.shape)
# %% train tags=train
result = [tuple(shape) for shape in seen]
