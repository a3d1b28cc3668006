# trap: a function of the notebook trains what it gets
# needs: torch
# %% keep
import torch
torch.manual_seed(1)

def one_epoch(model, batches, optimizer):
    for x, y in batches:
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
    return loss.item()
# %% keep
net = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
batches = [(torch.ones(2, 1), torch.zeros(2, 1))]
# %% train
history = [one_epoch(net, batches, optimizer) for _ in range(2)]
# %% drop
print(history)
# %% metrics
with torch.no_grad():
    test_loss = ((net(torch.ones(2, 1)) - 0) ** 2).mean()
print(test_loss)
