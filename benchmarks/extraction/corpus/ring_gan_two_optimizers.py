# manner: research notebook, one big loop, two optimizers, argparse-like namespace
# needs: torch numpy matplotlib scipy
# seconds: 8
# %% [markdown]
# # Mode collapse on a ring of Gaussians
# Minimal reproduction for the group meeting. Question: does instance noise help when D is much stronger than G?
# %% count=1
from types import SimpleNamespace
import numpy as np, torch, matplotlib.pyplot as plt
from torch import nn, optim
from scipy.stats import wasserstein_distance
plt.rcParams["figure.dpi"] = 80
# %% count=2
args = SimpleNamespace(seed=0, modes=6, radius=2.0, sigma=0.06, z=4, hid=48, iters=1200, bs=128, lr_g=1e-3, lr_d=1e-3, n_critic=1, noise=0.1)
torch.manual_seed(args.seed); np.random.seed(args.seed)
centers = args.radius * torch.tensor([[np.cos(a), np.sin(a)] for a in np.linspace(0, 2 * np.pi, args.modes, endpoint=False)], dtype=torch.float32)
centers
# %% count=3
def sample_real(n):
    k = torch.randint(args.modes, (n,))
    return centers[k] + args.sigma * torch.randn(n, 2)
# %% count=4
x = sample_real(1000)
plt.figure(figsize=(3, 3)); plt.scatter(*x.T, s=2); plt.axis("equal"); plt.title("data");
# %% count=6
def mlp(i, o, h=args.hid):
    return nn.Sequential(nn.Linear(i, h), nn.LeakyReLU(0.2), nn.Linear(h, h), nn.LeakyReLU(0.2), nn.Linear(h, o))

def init(m):
    if isinstance(m, nn.Linear):
        nn.init.orthogonal_(m.weight, 0.8); nn.init.zeros_(m.bias)

G, D = mlp(args.z, 2), mlp(2, 1)
G.apply(init); D.apply(init)
opt_g = optim.Adam(G.parameters(), args.lr_g, betas=(0.5, 0.9))
opt_d = optim.Adam(D.parameters(), args.lr_d, betas=(0.5, 0.9))
bce = nn.BCEWithLogitsLoss()
G
# %% count=7
z_fixed = torch.randn(512, args.z)
snapshots = {}
# %% train count=8
d_hist, g_hist = [], []
for it in range(args.iters):
    for _ in range(args.n_critic):
        real = sample_real(args.bs)
        fake = G(torch.randn(args.bs, args.z)).detach()
        real_n = real + args.noise * torch.randn_like(real)
        fake_n = fake + args.noise * torch.randn_like(fake)
        d_loss = bce(D(real_n), torch.ones(args.bs, 1)) + bce(D(fake_n), torch.zeros(args.bs, 1))
        opt_d.zero_grad()
        d_loss.backward()
        opt_d.step()

    fake = G(torch.randn(args.bs, args.z))
    g_loss = bce(D(fake + args.noise * torch.randn_like(fake)), torch.ones(args.bs, 1))
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()

    d_hist.append(d_loss.item()); g_hist.append(g_loss.item())
    if it % 300 == 0:
        with torch.no_grad():
            snapshots[it] = G(z_fixed).numpy()
        print(f"[{it:4d}] D {d_loss.item():.3f} G {g_loss.item():.3f}")
# %% count=9
fig, axs = plt.subplots(1, len(snapshots), figsize=(3 * len(snapshots), 3))
for ax, (it, s) in zip(axs, snapshots.items()):
    ax.scatter(s[:, 0], s[:, 1], s=2); ax.set_title(it); ax.set_xlim(-3, 3); ax.set_ylim(-3, 3)
# %% count=10
plt.plot(np.convolve(d_hist, np.ones(20) / 20, "valid")); plt.plot(np.convolve(g_hist, np.ones(20) / 20, "valid")); plt.legend("DG")
# %% count=12
@torch.no_grad()
def coverage(gen, n=2000, k=4):
    s = gen(torch.randn(n, args.z))
    d, j = torch.cdist(s, centers).min(1)
    good = d < k * args.sigma
    return len(j[good].unique()), good.float().mean().item()
# %% metrics count=13
modes, quality = coverage(G)
print(f"{modes}/{args.modes} modes, {quality:.1%} high quality")
# %% metrics count=14
with torch.no_grad():
    a, b = sample_real(2000).numpy(), G(torch.randn(2000, args.z)).numpy()
[wasserstein_distance(a[:, i], b[:, i]) for i in range(2)]
# %% [markdown]
# ### without noise
# same thing, copy-paste, sorry
# %% train count=11
torch.manual_seed(args.seed)
G2, D2 = mlp(args.z, 2).apply(init), mlp(2, 1).apply(init)
og, od = optim.Adam(G2.parameters(), args.lr_g, betas=(0.5, 0.9)), optim.Adam(D2.parameters(), args.lr_d, betas=(0.5, 0.9))
for it in range(args.iters):
    r, f = sample_real(args.bs), G2(torch.randn(args.bs, args.z))
    ld = bce(D2(r), torch.ones(args.bs, 1)) + bce(D2(f.detach()), torch.zeros(args.bs, 1))
    od.zero_grad(); ld.backward(); od.step()
    lg = bce(D2(f), torch.ones(args.bs, 1))
    og.zero_grad(); lg.backward(); og.step()
# %% metrics count=15
print("noise   ", coverage(G))
print("no noise", coverage(G2))
# %% count=16
# decision surface of D
g = torch.linspace(-3, 3, 60)
xx, yy = torch.meshgrid(g, g, indexing="xy")
with torch.no_grad():
    s = torch.sigmoid(D(torch.stack([xx.ravel(), yy.ravel()], 1))).view(60, 60)
plt.contourf(xx, yy, s, 20); plt.colorbar()
# %% count=18
torch.save({"G": G.state_dict(), "D": D.state_dict(), "args": vars(args)}, "ring_gan.pth")
