# manner: student after a first deep learning course, train()/test() functions
# needs: torch scikit-learn matplotlib numpy
# seconds: 7
# %% [markdown]
# # Small CNN on the 8x8 digits
# Homework 3. No GPU needed, the images are tiny.
# %% count=1
%matplotlib inline
import numpy as np
import matplotlib.pyplot as plt
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import TensorDataset, DataLoader
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
# %% count=2
torch.manual_seed(42)
np.random.seed(42)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
print("using", device)
# %% count=3
digits = load_digits()
print(digits.data.shape, digits.images.min(), digits.images.max())
print(digits.DESCR[:400])
# %% count=4
fig, axes = plt.subplots(2, 8, figsize=(9, 2.5))
for ax, img, lab in zip(axes.ravel(), digits.images, digits.target):
    ax.imshow(img, cmap="gray_r")
    ax.set_title(lab)
    ax.axis("off")
plt.show()
# %% count=5
X = digits.images.astype("float32") / 16.0
X = X[:, None]          # channel dim
y = digits.target
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, stratify=y, random_state=42)
X_train.shape, X_test.shape
# %% count=6
# is it balanced? -> yes
np.bincount(y_train)
# %% count=7
BATCH = 64
train_ds = TensorDataset(torch.from_numpy(X_train), torch.from_numpy(y_train))
test_ds = TensorDataset(torch.from_numpy(X_test), torch.from_numpy(y_test))
train_loader = DataLoader(train_ds, batch_size=BATCH, shuffle=True)
test_loader = DataLoader(test_ds, batch_size=256)
# %% count=8
class Net(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.drop = nn.Dropout(0.2)
        self.fc = nn.Linear(2 * width * 4, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = self.drop(x.flatten(1))
        return self.fc(x)
# %% count=9
# check that shapes fit before doing anything
_xb, _yb = next(iter(train_loader))
_out = Net()(_xb)
print(_out.shape, "loss of a net that knows nothing:", F.cross_entropy(_out, _yb).item(), "should be about", np.log(10))
# %% count=10
def train(model, loader, optimizer):
    model.train()
    total = 0.0
    for xb, yb in loader:
        xb, yb = xb.to(device), yb.to(device)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(xb), yb)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(xb)
    return total / len(loader.dataset)


def test(model, loader):
    model.eval()
    right, total = 0, 0.0
    with torch.no_grad():
        for xb, yb in loader:
            xb, yb = xb.to(device), yb.to(device)
            out = model(xb)
            total += F.cross_entropy(out, yb, reduction="sum").item()
            right += (out.argmax(1) == yb).sum().item()
    n = len(loader.dataset)
    return total / n, right / n
# %% count=11
model = Net().to(device)
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
sum(p.numel() for p in model.parameters())
# %% train count=12
tr_losses, te_losses, te_accs = [], [], []
for epoch in range(8):
    l = train(model, train_loader, opt)
    tl, ta = test(model, test_loader)
    tr_losses.append(l); te_losses.append(tl); te_accs.append(ta)
    print(f"{epoch:2d}  train {l:.3f}  test {tl:.3f}  acc {ta:.3%}")
# %% count=13
plt.plot(tr_losses, label="train")
plt.plot(te_losses, label="test")
plt.legend(); plt.xlabel("epoch"); plt.ylabel("cross entropy");
# %% [markdown]
# still going down at the end, run a bit more with a lower learning rate
# %% train count=14
for g in opt.param_groups:
    g["lr"] = 1e-3
for epoch in range(4):
    print(train(model, train_loader, opt))
# %% metrics count=15
loss, acc = test(model, test_loader)
print("final test loss %.4f accuracy %.4f" % (loss, acc))
# %% metrics count=16
# which digits get mixed up
model.eval()
with torch.no_grad():
    pred = model(torch.from_numpy(X_test).to(device)).argmax(1).cpu().numpy()
M = np.zeros((10, 10), int)
for t, p in zip(y_test, pred):
    M[t, p] += 1
print(M)
# %% count=17
wrong = np.flatnonzero(pred != y_test)[:6]
for k, i in enumerate(wrong):
    plt.subplot(1, 6, k + 1)
    plt.imshow(X_test[i, 0], cmap="gray_r")
    plt.title(f"{y_test[i]} as {pred[i]}")
    plt.axis("off")
# %% count=18
# what does it look at? gradient of the winning logit w.r.t. the pixels
x = torch.from_numpy(X_test[:5]).requires_grad_(True)
model.zero_grad()
out = model(x)
out.max(1).values.sum().backward()
sal = x.grad.abs().squeeze(1).numpy()
fig, ax = plt.subplots(2, 5, figsize=(7, 3))
for i in range(5):
    ax[0, i].imshow(X_test[i, 0], cmap="gray_r")
    ax[1, i].imshow(sal[i], cmap="hot")
# %% train count=19
# Bonus question: does width matter?
for w in (4, 8):
    small = Net(width=w).to(device)
    o = torch.optim.Adam(small.parameters(), lr=3e-3)
    for _ in range(4):
        train(small, train_loader, o)
    print(w, test(small, test_loader)[1])
# %% count=20
torch.save(model.state_dict(), "digits_cnn.pt")
