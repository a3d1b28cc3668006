# manner: a recommender hobbyist, matrix factorisation in torch, tuples of tensors, train function and evaluate function, second model with biases
# needs: numpy pandas torch matplotlib
# seconds: 4
# %% count=1
import numpy as np, pandas as pd, torch
import torch.nn as nn
import torch.nn.functional as F
from matplotlib import pyplot as plt
torch.manual_seed(0); np.random.seed(0)
torch.set_num_threads(1)
device = "cuda" if torch.cuda.is_available() else "cpu"
device
# %% [markdown]
# ### fake ratings: 4 hidden tastes
# %% count=2
n_users, n_films, k_true = 150, 90, 4
U = np.random.randn(n_users, k_true) * .7
V = np.random.randn(n_films, k_true) * .7
bu, bi = np.random.randn(n_users) * .3, np.random.randn(n_films) * .5
full = 3.4 + U @ V.T + bu[:, None] + bi[None] + np.random.randn(n_users, n_films) * .4
full = np.clip(np.round(full * 2) / 2, .5, 5)
pop = np.random.dirichlet(np.ones(n_films) * 2)
mask = np.random.rand(n_users, n_films) < (pop * n_films * .3)[None]
u, i = np.nonzero(mask)
ratings = pd.DataFrame(dict(user=u + 1000, film=i + 1, rating=full[u, i]))
ratings["ts"] = np.random.randint(9e8, 1e9, len(ratings))
ratings.sample(5)
# %% count=3
print(len(ratings), ratings.user.nunique(), ratings.film.nunique(), len(ratings) / (n_users * n_films))
ratings.rating.hist(bins=10)
# %% count=4
ratings.groupby("film").rating.agg(["mean", "count"]).sort_values("count", ascending=False).head(10)
# %% count=5
# ids -> 0..n
uid = {x: n for n, x in enumerate(sorted(ratings.user.unique()))}
fid = {x: n for n, x in enumerate(sorted(ratings.film.unique()))}
ratings["u"] = ratings.user.map(uid)
ratings["f"] = ratings.film.map(fid)
# %% count=6
# last 20% by time are for testing
ratings.sort_values("ts", inplace=True)
cut = int(.8 * len(ratings))
tr, te = ratings[:cut], ratings[cut:]
def tens(d):
    return (torch.tensor(d.u.values, device=device), torch.tensor(d.f.values, device=device), torch.tensor(d.rating.values, dtype=torch.float32, device=device))
train_t, test_t = tens(tr), tens(te)
mu = train_t[2].mean()
# %% [markdown]
# always guess the mean / the film's mean
# %% count=7
fm = tr.groupby("f").rating.mean()
base = te.f.map(fm).fillna(float(mu))
print("rmse mean", np.sqrt(((te.rating - float(mu)) ** 2).mean()))
print("rmse film mean", np.sqrt(((te.rating - base) ** 2).mean()))
# %% count=9
class MF(nn.Module):
    def __init__(self, n_u, n_f, k=8):
        super().__init__()
        self.U = nn.Embedding(n_u, k)
        self.V = nn.Embedding(n_f, k)
        nn.init.normal_(self.U.weight, std=.1)
        nn.init.normal_(self.V.weight, std=.1)

    def forward(self, u, f):
        return mu + (self.U(u) * self.V(f)).sum(1)

mf = MF(len(uid), len(fid)).to(device)
mf
# %% count=10
def evaluate(model, data=None):
    u, f, r = data or test_t
    model.eval()
    with torch.no_grad():
        rmse = F.mse_loss(model(u, f), r).sqrt().item()
    model.train()
    return rmse

def fit(model, epochs=30, lr=.02, wd=1e-4, bs=256):
    opt = torch.optim.Adam(model.parameters(), lr=lr, weight_decay=wd)
    u, f, r = train_t
    hist = []
    for ep in range(epochs):
        perm = torch.randperm(len(u))
        tot = 0.
        for b in perm.split(bs):
            loss = F.mse_loss(model(u[b], f[b]), r[b])
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item() * len(b)
        hist.append((np.sqrt(tot / len(u)), evaluate(model)))
    return hist
# %% count=11
evaluate(mf)   # before, should be as mean
# %% train count=12
%%time
h1 = fit(mf, epochs=15)
# %% count=13
plt.plot(h1); plt.legend(["train", "test"]);
# %% metrics count=14
print(evaluate(mf, train_t), evaluate(mf))
# %% [markdown]
# Overfits. Biases + stronger decay:
# %% count=15
class BiasMF(MF):
    def __init__(self, n_u, n_f, k=8):
        super().__init__(n_u, n_f, k)
        self.bu = nn.Embedding(n_u, 1); self.bf = nn.Embedding(n_f, 1)
        self.bu.weight.data.zero_(); self.bf.weight.data.zero_()
    def forward(self, u, f):
        return super().forward(u, f) + self.bu(u).squeeze(1) + self.bf(f).squeeze(1)
# %% train count=21
results = {}
for k in (2, 4, 8):
    for wd in (1e-4, 3e-3):
        torch.manual_seed(1)
        m = BiasMF(len(uid), len(fid), k)
        hh = fit(m, 12, wd=wd)
        results[k, wd] = min(h[1] for h in hh)
# %% metrics count=22
pd.Series(results).unstack().round(4)
# %% train count=23
best_k, best_wd = min(results, key=results.get)
torch.manual_seed(2)
model = BiasMF(len(uid), len(fid), best_k)
h2 = fit(model, 20, wd=best_wd)
# %% count=24
plt.plot([h[1] for h in h1], label="MF")
plt.plot([h[1] for h in h2], label="BiasMF")
plt.ylabel("test rmse"); plt.legend(); plt.show()
# %% count=25
def recommend(user, n=5):
    u = torch.full((len(fid),), uid[user])
    with torch.no_grad():
        s = model(u, torch.arange(len(fid)))
    seen = tr[tr.u == uid[user]].f.values
    s[seen] = -99
    inv = {v: k for k, v in fid.items()}
    return [inv[j] for j in s.topk(n).indices.tolist()]
recommend(1003)
# %% metrics count=26
def hit_rate(n=10):
    liked = te[te.rating >= 4]
    hits = [row.film in recommend(row.user, n) for row in liked.itertuples()]
    return np.mean(hits)
hit_rate()
# %% count=16
# film map: where do they lie?
W = model.V.weight.detach().numpy()
W = W - W.mean(0)
_, _, vt = np.linalg.svd(W)
xy = W @ vt[:2].T
plt.scatter(*xy.T, c=[fm.get(j, 3) for j in range(len(fid))]); plt.colorbar();
# %% count=28
torch.save({"state": model.state_dict(), "uid": uid, "fid": fid}, "mf.pt")
# %% metrics count=29
ck = torch.load("mf.pt", weights_only=False)
again = BiasMF(len(ck["uid"]), len(ck["fid"]), best_k)
again.load_state_dict(ck["state"])
assert abs(evaluate(again) - evaluate(model)) < 1e-6
evaluate(again)
