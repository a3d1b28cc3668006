# manner: a physicist, physics-informed network, float64, LBFGS closure after Adam, inverse problem at the end
# needs: numpy torch matplotlib
# seconds: 6
# %% [markdown]
# # PINN for the damped oscillator
# $$ m\ddot x + \mu\dot x + kx = 0,\qquad x(0)=1,\ \dot x(0)=0 $$
# with $\delta=\mu/2m$, $\omega_0=\sqrt{k/m}$, $\delta<\omega_0$.
# %%
import torch, math
import numpy as np
import matplotlib.pyplot as plt
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
# %%
delta, omega0 = 1.5, 8.0
mu, k = 2 * delta, omega0**2

def exact(t):
    w = math.sqrt(omega0**2 - delta**2)
    phi = math.atan(-delta / w)
    A = 1 / (2 * math.cos(phi))
    return torch.exp(-delta * t) * 2 * A * torch.cos(phi + w * t)
# %%
t_test = torch.linspace(0, 1, 200).view(-1, 1)
x_test = exact(t_test)
plt.plot(t_test, x_test); plt.xlabel("$t$"); plt.ylabel("$x$")
# %%
class FCN(torch.nn.Module):
    "fully connected, tanh"
    def __init__(self, n_in, n_out, width, depth):
        super().__init__()
        act = torch.nn.Tanh
        layers = [torch.nn.Linear(n_in, width), act()]
        for _ in range(depth - 1):
            layers += [torch.nn.Linear(width, width), act()]
        self.net = torch.nn.Sequential(*layers, torch.nn.Linear(width, n_out))

    def forward(self, t):
        return self.net(t)
# %% [markdown]
# ## 1. Plain network, a few noisy observations on the left half
# %%
torch.manual_seed(123)
t_obs = torch.rand(14, 1) * 0.45
t_obs, _ = t_obs.sort(0)
x_obs = exact(t_obs) + 0.01 * torch.randn_like(t_obs)
plt.plot(t_test, x_test, "grey", alpha=.5)
plt.scatter(t_obs, x_obs, c="tab:orange")
# %% train
plain = FCN(1, 1, 24, 2)
opt = torch.optim.Adam(plain.parameters(), lr=4e-3)
for it in range(600):
    opt.zero_grad()
    loss = ((plain(t_obs) - x_obs) ** 2).mean()
    loss.backward()
    opt.step()
print(it, loss.item())
# %%
plt.plot(t_test, x_test, "grey"); plt.plot(t_test, plain(t_test).detach(), "--")
plt.title("knows nothing outside of the data")
# %% metrics
def rel_l2(net):
    with torch.no_grad():
        return (torch.linalg.norm(net(t_test) - x_test) / torch.linalg.norm(x_test)).item()
print(f"plain: {rel_l2(plain):.3f}")
# %% [markdown]
# ## 2. With physics
# %%
def grad(y, x):
    return torch.autograd.grad(y, x, torch.ones_like(y), create_graph=True)[0]

def residual(net, t, mu, k):
    x = net(t)
    dx = grad(x, t)
    d2x = grad(dx, t)
    return d2x + mu * dx + k * x

t_phys = torch.linspace(0, 1, 50).view(-1, 1).requires_grad_(True)
lam = 1e-4
# %%
# sanity: residual of the exact solution vanishes
residual(exact, t_phys, mu, k).abs().max()
# %%
torch.manual_seed(5)
pinn = FCN(1, 1, 32, 3)
sum(p.numel() for p in pinn.parameters())
# %%
def total_loss(net, mu=mu, k=k):
    l_data = ((net(t_obs) - x_obs) ** 2).mean()
    l_phys = (residual(net, t_phys, mu, k) ** 2).mean()
    return l_data + lam * l_phys, l_data, l_phys
log = []
# %% train
adam = torch.optim.Adam(pinn.parameters(), lr=3e-3)
sched = torch.optim.lr_scheduler.StepLR(adam, 400, gamma=.5)
for it in range(700):
    adam.zero_grad()
    L, ld, lp = total_loss(pinn)
    L.backward()
    adam.step(); sched.step()
    log.append((L.item(), ld.item(), lp.item()))
    if it % 200 == 0:
        print(f"{it:5d}  {L.item():.3e}  data {ld.item():.3e}  phys {lp.item():.3e}")
# %% train
# polish with L-BFGS
lbfgs = torch.optim.LBFGS(pinn.parameters(), lr=1, max_iter=120, history_size=50, line_search_fn="strong_wolfe")
def closure():
    lbfgs.zero_grad()
    L, ld, lp = total_loss(pinn)
    L.backward()
    log.append((L.item(), ld.item(), lp.item()))
    return L
lbfgs.step(closure)
# %%
plt.semilogy(np.array(log)); plt.legend(["total", "data", "physics"])
# %% metrics
print(f"plain {rel_l2(plain):.4f}\npinn  {rel_l2(pinn):.4f}")
# %%
with torch.no_grad():
    plt.plot(t_test, x_test, "grey", lw=3, alpha=.4)
    plt.plot(t_test, pinn(t_test), "k--")
    plt.scatter(t_obs, x_obs, s=12)
plt.savefig("pinn.png")
# %% [markdown]
# ## 3. Inverse problem: $\mu$ unknown
# %%
mu_hat = torch.nn.Parameter(torch.zeros(1))
t_all = torch.rand(40, 1)
x_all = exact(t_all) + 0.02 * torch.randn(40, 1)
inv = FCN(1, 1, 32, 3)
inv.load_state_dict(pinn.state_dict())   # warm start
# %% train
opt = torch.optim.Adam([{"params": inv.parameters(), "lr": 2e-3}, {"params": [mu_hat], "lr": 3e-2}])
mus = []
for it in range(500):
    opt.zero_grad()
    L = ((inv(t_all) - x_all) ** 2).mean() + lam * (residual(inv, t_phys, mu_hat, k) ** 2).mean()
    L.backward()
    opt.step()
    mus.append(mu_hat.item())
# %%
plt.plot(mus); plt.axhline(mu, c="r", ls=":")
# %% metrics
print("mu true", mu, "found", round(mu_hat.item(), 3), "error %", round(100 * abs(mu_hat.item() - mu) / mu, 2))
# %%
# k unknown too? identifiable only with more data
# k_hat = torch.nn.Parameter(torch.tensor([40.]))
