# manner: terse research code, flax nnx with optax, then a linen TrainState out of habit
# needs: jax flax optax numpy matplotlib scikit-learn
# seconds: 9
# %%
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax
from flax import nnx
from flax.training import train_state
from sklearn.datasets import make_moons
from sklearn.metrics import confusion_matrix, roc_auc_score

jax.config.update("jax_platform_name", "cpu")
# %%
cfg = dict(seed=3, width=32, lr=5e-3, wd=1e-4, bs=50, steps=240, n=600, noise=0.18)
# %%
X, y = make_moons(cfg["n"], noise=cfg["noise"], random_state=cfg["seed"])
X = X.astype(np.float32)
y = y.astype(np.int32)
tr, te = slice(0, 450), slice(450, None)
mu, sd = X[tr].mean(0), X[tr].std(0)
X = (X - mu) / sd
plt.scatter(*X.T, c=y, s=4)
# %% [markdown]
# nnx version
# %%
class Block(nnx.Module):
    def __init__(self, d, rngs):
        self.lin = nnx.Linear(d, d, rngs=rngs)
        self.ln = nnx.LayerNorm(d, rngs=rngs)

    def __call__(self, x):
        return x + nnx.silu(self.lin(self.ln(x)))


class Net(nnx.Module):
    def __init__(self, din, d, dout, depth, *, rngs):
        self.inp = nnx.Linear(din, d, rngs=rngs)
        self.blocks = nnx.List([Block(d, rngs) for _ in range(depth)])
        self.out = nnx.Linear(d, dout, rngs=rngs)

    def __call__(self, x):
        h = self.inp(x)
        for b in self.blocks:
            h = b(h)
        return self.out(h)
# %%
net = Net(2, cfg["width"], 2, 2, rngs=nnx.Rngs(cfg["seed"]))
sched = optax.warmup_cosine_decay_schedule(0.0, cfg["lr"], 20, cfg["steps"])
tx = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(sched, weight_decay=cfg["wd"]))
opt = nnx.Optimizer(net, tx, wrt=nnx.Param)
sum(p.size for p in jax.tree.leaves(nnx.state(net, nnx.Param)))
# %%
def loss_fn(model, xb, yb):
    logits = model(xb)
    return optax.softmax_cross_entropy_with_integer_labels(logits, yb).mean(), logits

@nnx.jit
def update(model, opt, xb, yb):
    (l, logits), g = nnx.value_and_grad(loss_fn, has_aux=True)(model, xb, yb)
    opt.update(model, g)
    return l, (logits.argmax(-1) == yb).mean()

def batches(rng, X, y, bs):
    while True:
        idx = rng.permutation(len(X))
        for i in range(0, len(X) - bs + 1, bs):
            yield X[idx[i:i + bs]], y[idx[i:i + bs]]
# %% train
rng = np.random.default_rng(cfg["seed"])
log = []
for it, (xb, yb) in zip(range(cfg["steps"]), batches(rng, X[tr], y[tr], cfg["bs"])):
    l, a = update(net, opt, xb, yb)
    log.append((float(l), float(a)))
    if it % 60 == 0:
        print(it, *map("{:.3f}".format, log[-1]))
# %%
L = np.array(log)
fig, ax = plt.subplots(1, 2, figsize=(8, 2.5))
ax[0].plot(L[:, 0]); ax[1].plot(L[:, 1]);
# %% metrics
net.eval()
logits = net(X[te])
acc = float((logits.argmax(-1) == y[te]).mean())
auc = roc_auc_score(y[te], jax.nn.softmax(logits)[:, 1])
acc, auc
# %%
g = np.stack(np.meshgrid(np.linspace(-2.5, 2.5, 60), np.linspace(-2.5, 2.5, 60)), -1).reshape(-1, 2).astype(np.float32)
z = jax.nn.softmax(net(g))[:, 1].reshape(60, 60)
plt.contourf(z, levels=20, cmap="coolwarm"); plt.axis("off");
# %% [markdown]
# same thing in linen, because the cluster is still on it
# %%
class MLP(nn.Module):
    width: int
    out: int = 2

    @nn.compact
    def __call__(self, x):
        for _ in range(2):
            x = nn.gelu(nn.Dense(self.width)(x))
        return nn.Dense(self.out)(x)


def make_state(key, lr):
    m = MLP(cfg["width"])
    params = m.init(key, jnp.zeros((1, 2)))["params"]
    return train_state.TrainState.create(apply_fn=m.apply, params=params, tx=optax.adam(lr))

@jax.jit
def train_step(state, xb, yb):
    def f(p):
        lg = state.apply_fn({"params": p}, xb)
        return optax.softmax_cross_entropy_with_integer_labels(lg, yb).mean()
    l, g = jax.value_and_grad(f)(state.params)
    return state.apply_gradients(grads=g), l

@jax.jit
def accuracy(state, x, y):
    return (state.apply_fn({"params": state.params}, x).argmax(-1) == y).mean()

def run(seed, lr, steps=150):
    st = make_state(jax.random.key(seed), lr)
    it = batches(np.random.default_rng(seed), X[tr], y[tr], cfg["bs"])
    for _ in range(steps):
        st, l = train_step(st, *next(it))
    return st, float(l)
# %%
st0 = make_state(jax.random.key(0), 1e-3)
jax.tree.map(jnp.shape, st0.params)
# %% train
states = {}
for lr in (1e-2, 3e-3):
    states[lr], l = run(cfg["seed"], lr)
    print(f"{lr:g} {l:.4f}")
# %% metrics
{k: round(float(accuracy(s, X[te], y[te])), 3) for k, s in states.items()}
# %% metrics
best = max(states, key=lambda k: float(accuracy(states[k], X[te], y[te])))
bl = states[best].apply_fn({"params": states[best].params}, X[te]).argmax(-1)
print(best)
print(confusion_matrix(y[te], bl))
# %%
np.savez("linen_best.npz", **{"/".join(str(q.key) for q in p): v for p, v in jax.tree_util.tree_flatten_with_path(states[best].params)[0]})
# ema of params? later
# ema = optax.ema(0.99)
