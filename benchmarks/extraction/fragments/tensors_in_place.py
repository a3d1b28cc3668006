# trap: methods with an underscore change the tensor, also through a view
# needs: torch
# %% keep
import torch
# %% keep
x = torch.zeros(4)
y = x.view(4, 1)
# %% keep
x.add_(2)
# %% keep
y[0] = 9
# %% keep
torch.nn.init.constant_(x[1:2], 5)
# %% drop
x.add(100)
x.mul(3)
# %% keep
array = x.numpy()
array[2] = 7
# %% train tags=train
result = x
