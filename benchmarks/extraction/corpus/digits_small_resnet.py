# manner: a computer-vision student, sklearn digits, augmentation functions in numpy, residual network in torch, OneCycle, early stopping by hand, test-time augmentation
# needs: numpy torch scikit-learn scipy matplotlib tqdm
# seconds: 7
# %% count=1
%matplotlib inline
import copy
import random
import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader
import matplotlib.pyplot as plt
from scipy import ndimage
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm.auto import tqdm
# %% count=2
def set_seed(s=0):
    random.seed(s); np.random.seed(s); torch.manual_seed(s)
set_seed(99)
torch.set_num_threads(1)
DEVICE = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
# %% count=3
X, y = load_digits(return_X_y=True)
X = (X.reshape(-1, 8, 8) / 16).astype(np.float32)
X.shape, X.min(), X.max(), np.bincount(y)
# %% count=4
fig, axes = plt.subplots(2, 10, figsize=(10, 2))
for a, im, l in zip(axes.flat, X, y):
    a.imshow(im, cmap="gray_r"); a.set_title(l); a.axis("off")
# %% count=5
Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=.3, random_state=1, stratify=y)
Xtr, Xva, ytr, yva = train_test_split(Xtr, ytr, test_size=.2, random_state=1, stratify=ytr)
mean, std = Xtr.mean(), Xtr.std()
# %% [markdown]
# #### Augmentation
# No flips! (6 / 9, 2 / 5)
# %% count=6
def rotate(im):
    return ndimage.rotate(im, np.random.uniform(-12, 12), reshape=False, order=1)

def shift(im):
    dx, dy = np.random.randint(-1, 2, 2)
    return np.roll(np.roll(im, dx, 0), dy, 1)

def noise(im, s=.05):
    return im + np.random.randn(*im.shape).astype(np.float32) * s

def erase(im):
    im = im.copy()
    i, j = np.random.randint(0, 6, 2)
    im[i:i + 2, j:j + 2] = 0
    return im

AUGS = [(rotate, .3), (shift, .4), (noise, .3), (erase, .1)]
def augment(im):
    for f, p in AUGS:
        if random.random() < p:
            im = f(im)
    return im
# %% count=7
plt.figure(figsize=(10, 1))
for i in range(10):
    plt.subplot(1, 10, i + 1); plt.imshow(augment(Xtr[3]), cmap="gray_r"); plt.axis("off")
# %% count=8
class Digits(Dataset):
    def __init__(self, X, y, aug=None):
        self.X, self.y, self.aug = X, y, aug
    def __len__(self): return len(self.y)
    def __getitem__(self, i):
        im = self.X[i]
        if self.aug: im = self.aug(im)
        return torch.from_numpy((im - mean) / std).float()[None], int(self.y[i])

dl_tr = DataLoader(Digits(Xtr, ytr, augment), batch_size=64, shuffle=True, num_workers=0)
dl_va = DataLoader(Digits(Xva, yva), batch_size=256)
dl_te = DataLoader(Digits(Xte, yte), batch_size=256)
xb, yb = next(iter(dl_tr)); xb.shape, yb[:8]
# %% count=10
class Res(nn.Module):
    def __init__(self, ci, co, stride=1):
        super().__init__()
        self.c1 = nn.Conv2d(ci, co, 3, stride, 1, bias=False); self.b1 = nn.BatchNorm2d(co)
        self.c2 = nn.Conv2d(co, co, 3, 1, 1, bias=False); self.b2 = nn.BatchNorm2d(co)
        self.skip = nn.Sequential() if ci == co and stride == 1 else nn.Sequential(nn.Conv2d(ci, co, 1, stride, bias=False), nn.BatchNorm2d(co))
        self.act = nn.ReLU(inplace=True)
    def forward(self, x):
        z = self.act(self.b1(self.c1(x)))
        z = self.b2(self.c2(z))
        return self.act(z + self.skip(x))

class ResNetish(nn.Module):
    def __init__(self, w=8, n_classes=10):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, w, 3, padding=1), nn.BatchNorm2d(w), nn.ReLU())
        self.body = nn.Sequential(Res(w, w), Res(w, 2 * w, 2), Res(2 * w, 4 * w, 2))
        self.head = nn.Linear(4 * w, n_classes)
    def forward(self, x):
        return self.head(self.body(self.stem(x)).mean((2, 3)))

net = ResNetish().to(DEVICE)
net(xb).shape
# %% count=11
criterion = nn.CrossEntropyLoss(label_smoothing=.05)

def train_epoch(net, loader, opt, sched=None):
    net.train()
    s = n = 0
    for x, t in loader:
        x, t = x.to(DEVICE), t.to(DEVICE)
        opt.zero_grad(set_to_none=True)
        loss = criterion(net(x), t)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        opt.step()
        if sched: sched.step()
        s += loss.item() * len(t); n += len(t)
    return s / n

@torch.no_grad()
def validate(net, loader):
    net.eval()
    s = ok = n = 0
    for x, t in loader:
        o = net(x.to(DEVICE)).cpu()
        s += criterion(o, t).item() * len(t)
        ok += (o.argmax(1) == t).sum().item(); n += len(t)
    return s / n, ok / n
# %% count=12
# lr range test on a copy
tmp = copy.deepcopy(net)
# lrs = np.geomspace(1e-4, 1, 60)
# ... diverges at about 0.3, so max_lr 0.03
del tmp
# %% train count=13
EPOCHS = 7
opt = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-2)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=.03, total_steps=EPOCHS * len(dl_tr))
best, best_state, bad = 0, None, 0
log = {"tr": [], "va": [], "acc": []}
for ep in tqdm(range(EPOCHS)):
    tl = train_epoch(net, dl_tr, opt, sched)
    vl, va = validate(net, dl_va)
    for k, v in zip(log, (tl, vl, va)): log[k].append(v)
    if va > best:
        best, best_state, bad = va, copy.deepcopy(net.state_dict()), 0
    else:
        bad += 1
        if bad >= 4: break
# %% count=14
plt.plot(log["tr"], label="train"); plt.plot(log["va"], label="val"); plt.legend(); plt.twinx().plot(log["acc"], "g:"); plt.show()
# %% count=15
net.load_state_dict(best_state)
torch.save(best_state, "digits_resnet.pth")
# %% metrics count=16
print("val", validate(net, dl_va), "test", validate(net, dl_te))
# %% metrics count=17
# TTA
dl_tta = DataLoader(Digits(Xte, yte, augment), batch_size=256)
net.eval()
P = 0
with torch.no_grad():
    for _ in range(4):
        P = P + torch.cat([net(x).softmax(1) for x, _ in dl_tta])
tta_acc = (P.argmax(1).numpy() == yte).mean()
print(f"TTA {tta_acc:.4f}")
# %% count=18
hard = (P.max(1).values).argsort()[:10]
for i, j in enumerate(hard):
    plt.subplot(1, 10, i + 1); plt.imshow(Xte[j], cmap="gray_r"); plt.title(f"{yte[j]}/{P[j].argmax().item()}"); plt.axis("off")
# %% metrics count=19
from sklearn.metrics import confusion_matrix, ConfusionMatrixDisplay
ConfusionMatrixDisplay(confusion_matrix(yte, P.argmax(1))).plot(cmap="Blues")
# %% count=9
# classical rivals
from sklearn.svm import SVC
from sklearn.neighbors import KNeighborsClassifier
flat = lambda A: A.reshape(len(A), -1)
# %% train count=21
svc = SVC(gamma=.05, C=5).fit(flat(Xtr), ytr)
knn = KNeighborsClassifier(3).fit(flat(Xtr), ytr)
# %% metrics count=22
svc.score(flat(Xte), yte), knn.score(flat(Xte), yte), tta_acc
# %% train count=23
# does augmentation help? same net without
set_seed(99)
plain = ResNetish()
o2 = torch.optim.AdamW(plain.parameters(), lr=5e-3)
dl_plain = DataLoader(Digits(Xtr, ytr), batch_size=64, shuffle=True)
for _ in range(4):
    train_epoch(plain, dl_plain, o2)
# %% metrics count=24
validate(plain, dl_te)[1]
