# trap: a step of the optimizer changes the network that it was given parameters of
# needs: torch
# %% keep
import torch
torch.manual_seed(0)
# %% keep
net = torch.nn.Linear(2, 1)
# %% keep
optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
# %% keep
loss = net(torch.ones(1, 2)).sum()
# %% train tags=train
loss.backward()
# %% drop
print(optimizer)
# %% train tags=train
optimizer.step()
# %% train tags=train
result = net(torch.ones(1, 2))
