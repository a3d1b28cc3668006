# manner: research, transformer from scratch, phases train/val in one loop, ablation function using globals
# needs: torch numpy matplotlib tqdm
# seconds: 6
# %% [markdown]
# # Can one attention layer sort?
# Sequence of digits in, sorted digits out. All positions in parallel, no causal mask.
# Notes to self:
# - 1 head vs 2 heads
# - with / without positions (should fail without? the *multiset* is all one needs, but outputs need a position)
# %% count=1
import math
import torch
import torch.nn as nn
import torch.nn.functional as F
import matplotlib.pyplot as plt
import numpy as np
from tqdm import tqdm

torch.set_num_threads(1)
# %% count=2
V, T = 10, 6
D_MODEL, N_HEAD, N_LAYER = 32, 2, 1
LR, WD, EPOCHS = 3e-3, 0.01, 6
SEED = 1234
# %% count=3
g = torch.Generator().manual_seed(SEED)

def make_split(n):
    x = torch.randint(V, (n, T), generator=g)
    return x, x.sort(1).values

splits = {"train": make_split(3000), "val": make_split(500)}
splits["train"][0][:3], splits["train"][1][:3]
# %% count=4
# leakage? 10^6 possible sequences, so hardly
seen = {tuple(r) for r in splits["train"][0].tolist()}
sum(tuple(r) in seen for r in splits["val"][0].tolist())
# %% count=5
def batches(split, bs=100, shuffle=True):
    x, y = splits[split]
    order = torch.randperm(len(x), generator=g) if shuffle else torch.arange(len(x))
    for i in order.split(bs):
        yield x[i], y[i]
# %% count=6
class Attention(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        assert d % h == 0
        self.h = h
        self.qkv = nn.Linear(d, 3 * d, bias=False)
        self.out = nn.Linear(d, d, bias=False)
        self.last = None   # attention map of the last call, for pictures

    def forward(self, x):
        B, L, C = x.shape
        q, k, v = (t.view(B, L, self.h, C // self.h).transpose(1, 2) for t in self.qkv(x).chunk(3, -1))
        a = (q @ k.transpose(-1, -2)) / math.sqrt(C // self.h)
        a = a.softmax(-1)
        self.last = a.detach()
        return self.out((a @ v).transpose(1, 2).reshape(B, L, C))


class Block(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.att = Attention(d, h)
        self.ff = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))

    def forward(self, x):
        x = x + self.att(self.n1(x))
        return x + self.ff(self.n2(x))


class Sorter(nn.Module):
    def __init__(self, d=D_MODEL, h=N_HEAD, layers=N_LAYER, use_pos=True):
        super().__init__()
        self.tok = nn.Embedding(V, d)
        self.pos = nn.Parameter(torch.randn(1, T, d) * 0.02) if use_pos else None
        self.blocks = nn.ModuleList(Block(d, h) for _ in range(layers))
        self.norm = nn.LayerNorm(d)
        self.head = nn.Linear(d, V)

    def forward(self, x):
        x = self.tok(x)
        if self.pos is not None:
            x = x + self.pos
        for b in self.blocks:
            x = b(x)
        return self.head(self.norm(x))
# %% count=7
torch.manual_seed(SEED)
m = Sorter()
m(splits["val"][0][:2]).shape, sum(p.numel() for p in m.parameters())
# %% count=8
decay = [p for p in m.parameters() if p.dim() >= 2]
rest = [p for p in m.parameters() if p.dim() < 2]
optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": WD}, {"params": rest, "weight_decay": 0.0}], lr=LR)
n_steps = EPOCHS * math.ceil(3000 / 100)
sched = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=n_steps)
# %% train count=10
log = {"train": [], "val": []}
best, best_state = 0.0, None
for epoch in range(EPOCHS):
    for phase in ["train", "val"]:
        m.train(phase == "train")
        loss_sum = hits = count = 0
        with torch.set_grad_enabled(phase == "train"):
            for xb, yb in batches(phase, shuffle=phase == "train"):
                logits = m(xb)
                loss = F.cross_entropy(logits.flatten(0, 1), yb.flatten())
                if phase == "train":
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                    sched.step()
                loss_sum += loss.item() * len(xb)
                hits += (logits.argmax(-1) == yb).all(1).sum().item()
                count += len(xb)
        log[phase].append((loss_sum / count, hits / count))
        if phase == "val" and hits / count >= best:
            best = hits / count
            best_state = {k: v.clone() for k, v in m.state_dict().items()}
    print(epoch, {k: tuple(round(z, 3) for z in v[-1]) for k, v in log.items()})
# %% metrics count=11
print("best val exact match", best)
# %% count=12
for k, v in log.items():
    plt.plot([z[0] for z in v], label=k)
plt.legend(); plt.yscale("log")
# %% count=13
m.load_state_dict(best_state)
m.eval()
x, y = splits["val"]
i = 7
with torch.no_grad():
    p = m(x[i : i + 1]).argmax(-1)
print(x[i].tolist(), "->", p[0].tolist(), "expected", y[i].tolist())
# %% count=14
att = m.blocks[0].att.last[0]
fig, ax = plt.subplots(1, N_HEAD, figsize=(6, 3))
for h in range(N_HEAD):
    ax[h].imshow(att[h]); ax[h].set_title(f"head {h}")
# %% metrics count=15
# accuracy by position: ends should be easier than the middle
with torch.no_grad():
    per_pos = (m(x).argmax(-1) == y).float().mean(0)
per_pos
# %% count=16
def run(use_pos=True, heads=N_HEAD, epochs=3, seed=SEED):
    """short run for the ablation; reads splits, LR from above"""
    torch.manual_seed(seed)
    net = Sorter(h=heads, use_pos=use_pos)
    opt = torch.optim.AdamW(net.parameters(), lr=LR)
    for _ in tqdm(range(epochs), leave=False, disable=True):
        net.train()
        for xb, yb in batches("train"):
            opt.zero_grad()
            F.cross_entropy(net(xb).flatten(0, 1), yb.flatten()).backward()
            opt.step()
    net.eval()
    with torch.no_grad():
        xv, yv = splits["val"]
        return (net(xv).argmax(-1) == yv).float().mean().item()
# %% train count=9
results = {}
for name, kw in {"full": {}, "no positions": dict(use_pos=False), "one head": dict(heads=1)}.items():
    results[name] = run(**kw)
# %% metrics count=17
for k, v in sorted(results.items(), key=lambda t: -t[1]):
    print(f"{k:15s} {v:.3f}")
# %%
# TODO longer sequences?  T = 12 ; splits = ...
# run(epochs=50)
