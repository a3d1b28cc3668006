# trap: a backward pass leaves gradients in tensors that ask for them, and in no others
# needs: torch
# %% keep
import torch
# %% keep
x = torch.ones(2, requires_grad=True)
# %% drop
plain = torch.ones(2)
w = torch.nn.Parameter(torch.ones(2))
# %% keep
(x * 3).sum().backward()
# %% drop
(plain * w).sum().backward()
# %% train tags=train
result = x.grad + torch.ones(2)
