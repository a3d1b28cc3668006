# manner: hobbyist with closures, everything lower case, mostly unseeded, samples printed
# needs: torch
# seconds: 5
# %% [markdown]
# ## making up street names with a character model
# i wrote a little grammar that spits out street names, then a gru tries to learn it. mostly for fun
# %%
import random, string, time
from collections import Counter
import torch, torch.nn as nn
random.seed(1)
# %%
first = "oak elm maple cedar birch willow ash pine spring lake river hill mill church market station bridge garden".split()
mid = ["", "", "", "ford", "wood", "field", "view", "side"]
last = ["street", "road", "lane", "avenue", "close", "way", "drive"]
names = list({f"{random.choice(first)}{random.choice(mid)} {random.choice(last)}" for _ in range(900)})
names.sort(); random.shuffle(names)
len(names), names[:10]
# %%
Counter(map(len, names)).most_common(5)
# %%
chars = ["."] + sorted(set("".join(names)))
stoi = {c: i for i, c in enumerate(chars)}
itos = dict(enumerate(chars))
print(len(chars), "".join(chars))
# %%
maxlen = max(map(len, names)) + 1
def enc(s):
    ids = [stoi[c] for c in s] + [0]
    return torch.tensor([0] + ids + [0] * (maxlen - len(ids)))
data = torch.stack([enc(n) for n in names])
cut = int(.9 * len(data))
tr, va = data[:cut], data[cut:]
data.shape
# %%
# bigram counts first, as a baseline to look at
big = torch.ones(len(chars), len(chars))
for n in names[:cut]:
    for a, b in zip("." + n, n + "."):
        big[stoi[a], stoi[b]] += 1
p = big / big.sum(1, keepdim=True)
"".join(itos[int(i)] for i in p.argmax(1))
# %%
class charnet(nn.Module):
    def __init__(self, v, d=24, h=64):
        super().__init__()
        self.e = nn.Embedding(v, d)
        self.r = nn.GRU(d, h, batch_first=True)
        self.o = nn.Linear(h, v)
    def forward(self, x, h=None):
        z, h = self.r(self.e(x), h)
        return self.o(z), h
# %%
def make_stepper(net, lr):
    opt = torch.optim.RMSprop(net.parameters(), lr=lr)
    crit = nn.CrossEntropyLoss()
    seen = 0
    def step(batch):
        nonlocal seen
        net.train()
        logits, _ = net(batch[:, :-1])
        loss = crit(logits.reshape(-1, logits.size(-1)), batch[:, 1:].reshape(-1))
        opt.zero_grad(); loss.backward(); opt.step()
        seen += len(batch)
        return loss.item(), seen
    return step

def make_valid(net):
    crit = nn.CrossEntropyLoss()
    @torch.no_grad()
    def valid(d):
        net.eval()
        logits, _ = net(d[:, :-1])
        return crit(logits.reshape(-1, logits.size(-1)), d[:, 1:].reshape(-1)).item()
    return valid
# %%
net = charnet(len(chars))
step = make_stepper(net, 3e-3)
valid = make_valid(net)
# %%
@torch.no_grad()
def dream(n=5, temp=.8):
    out = []
    for _ in range(n):
        x, h, s = torch.zeros(1, 1, dtype=torch.long), None, ""
        for _ in range(maxlen):
            lg, h = net(x, h)
            x = torch.multinomial((lg[:, -1] / temp).softmax(-1), 1)
            if x.item() == 0: break
            s += itos[x.item()]
        out.append(s)
    return out
dream()   # garbage, ok
# %% train
t0 = time.time()
for i in range(250):
    b = tr[torch.randint(len(tr), (32,))]
    l, seen = step(b)
    if i % 50 == 0: print(i, seen, round(l, 3), round(valid(va), 3))
print(time.time() - t0, "s")
# %%
dream(8)
# %% metrics
valid(tr), valid(va)
# %%
# colder = more boring
for t in (.2, .5, 1., 1.5): print(t, dream(4, t))
# %% train
# again! more!
for i in range(150):
    l, seen = step(tr[torch.randint(len(tr), (64,))])
l
# %% metrics
print("val nats/char", valid(va), "perplexity", 2.718281828 ** valid(va))
# %%
fresh = [s for s in dream(40) if s not in set(names)]
len(fresh), fresh[:12]
# %%
#torch.save(net, "streets.pt")
#step2 = make_stepper(net, 1e-4)
#for i in range(1000): step2(tr)
