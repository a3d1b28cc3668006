# trap: a frozen layer stays as it is
# needs: torch
# %% keep
import torch
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
# %% keep
for parameter in net[0].parameters():
    parameter.requires_grad = False
# %% keep
net[1].bias.requires_grad_(False)
# %% drop
sum(parameter.numel() for parameter in net.parameters())
# %% keep
X, y = torch.ones(4, 2), torch.zeros(4, 1)
# %% train
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(2):
    optimizer.zero_grad()
    ((net(X) - y) ** 2).mean().backward()
    optimizer.step()
