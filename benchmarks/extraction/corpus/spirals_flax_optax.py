# manner: a JAX person, pure functions and explicit keys, flax linen module, optax chain, jitted update, vmap ensemble, terse
# needs: jax flax optax numpy matplotlib
# seconds: 9
# %%
import os
os.environ.setdefault("JAX_PLATFORMS", "cpu")
from functools import partial
import jax, jax.numpy as jnp
import flax.linen as nn
import optax
import numpy as np
import matplotlib.pyplot as plt
from flax.training import train_state
from flax import serialization
jax.devices()
# %% [markdown]
# ## spirals
# %%
@partial(jax.jit, static_argnums=1)
def spirals(key, n, turns=1.5, noise=.08):
    k1, k2, k3 = jax.random.split(key, 3)
    c = jax.random.randint(k1, (n,), 0, 3)
    r = jnp.sqrt(jax.random.uniform(k2, (n,))) * .9 + .1
    th = r * turns * 2 * jnp.pi * .7 + c * 2 * jnp.pi / 3
    x = jnp.stack([r * jnp.cos(th), r * jnp.sin(th)], -1)
    return x + noise * jax.random.normal(k3, x.shape), c

key = jax.random.PRNGKey(0)
key, k_data = jax.random.split(key)
x, y = map(np.asarray, spirals(k_data, 900))
(x_tr, x_te), (y_tr, y_te) = np.split(x, [600]), np.split(y, [600])
plt.scatter(*x_tr.T, c=y_tr, s=5)
# %%
class MLP(nn.Module):
    widths: tuple = (32, 32)
    n_out: int = 3
    rate: float = 0.05

    @nn.compact
    def __call__(self, x, train: bool = False):
        for w in self.widths:
            x = nn.Dense(w)(x)
            x = nn.silu(x)
            x = nn.Dropout(self.rate, deterministic=not train)(x)
        return nn.Dense(self.n_out)(x)
# %%
model = MLP()
key, sub = jax.random.split(key)
variables = jax.jit(model.init)(sub, x_tr[:1])
jax.tree_util.tree_map(jnp.shape, variables)
# %%
# print(model.tabulate(sub, x_tr[:1]))
sum(p.size for p in jax.tree_util.tree_leaves(variables))
# %%
EPOCHS, BS = 25, 100
steps = EPOCHS * (len(x_tr) // BS)
schedule = optax.warmup_cosine_decay_schedule(0., 2e-2, 30, steps)
tx = optax.chain(optax.clip_by_global_norm(1.), optax.adamw(schedule, weight_decay=1e-4))
# plt.plot([schedule(i) for i in range(steps)])   slow, looks right
# %%
state = train_state.TrainState.create(apply_fn=model.apply, params=variables["params"], tx=tx)
# %%
def ce(logits, y):
    return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

@jax.jit
def update(state, xb, yb, rng):
    def loss_fn(p):
        return ce(state.apply_fn({"params": p}, xb, train=True, rngs={"dropout": rng}), yb)
    l, g = jax.value_and_grad(loss_fn)(state.params)
    return state.apply_gradients(grads=g), l

@jax.jit
def accuracy(params, x, y):
    return (model.apply({"params": params}, x).argmax(-1) == y).mean()
# %%
# smoke: about log 3 at the start?
l0 = jax.jit(lambda v: ce(model.apply(v, x_tr[:BS]), y_tr[:BS]))(variables)
assert abs(l0 - np.log(3)) < .6
# %% train
hist = []
for ep in range(EPOCHS):
    key, k_perm = jax.random.split(key)
    perm = np.asarray(jax.random.permutation(k_perm, len(x_tr))).reshape(-1, BS)
    for idx in perm:
        key, k_do = jax.random.split(key)
        state, l = update(state, x_tr[idx], y_tr[idx], k_do)
    hist.append((float(l), float(accuracy(state.params, x_te, y_te))))
# %%
h = np.array(hist)
fig, (a, b) = plt.subplots(1, 2, figsize=(8, 2.5))
a.plot(h[:, 0]); a.set_title("loss"); b.plot(h[:, 1]); b.set_title("acc")
# %% metrics
accuracy(state.params, x_tr, y_tr), accuracy(state.params, x_te, y_te)
# %%
predict = jax.jit(lambda p, x: model.apply({"params": p}, x))
g = np.linspace(-1.3, 1.3, 80)
xx, yy = np.meshgrid(g, g)
z = predict(state.params, np.stack([xx, yy], -1).reshape(-1, 2)).argmax(-1).reshape(80, 80)
plt.contourf(xx, yy, z, alpha=.3); plt.scatter(*x_te.T, c=y_te, s=4)
# %%
blob = serialization.to_bytes(state.params)
with open("spirals.msgpack", "wb") as f: f.write(blob)
len(blob)
# %% metrics
with open("spirals.msgpack", "rb") as f:
    restored = serialization.from_bytes(variables["params"], f.read())
float(accuracy(restored, x_te, y_te))
# %% [markdown]
# ## ensemble with vmap, raw params no TrainState
# %%
M = 4
key, sub = jax.random.split(key)
ens = jax.jit(jax.vmap(lambda k: model.init(k, x_tr[:1])["params"]))(jax.random.split(sub, M))
opt = optax.adam(1e-2)
opt_state = jax.jit(jax.vmap(opt.init))(ens)

@jax.jit
@partial(jax.vmap, in_axes=(0, 0, None, None))
def ens_step(p, s, x, y):
    l, gr = jax.value_and_grad(lambda q: ce(model.apply({"params": q}, x), y))(p)
    up, s = opt.update(gr, s, p)
    return optax.apply_updates(p, up), s, l
# %% train
for i in range(100):
    ens, opt_state, l = ens_step(ens, opt_state, x_tr, y_tr)
l
# %% metrics
logits = np.asarray(jax.jit(jax.vmap(predict, (0, None)))(ens, x_te))
mean_p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
mean_p = mean_p.mean(0)
print("members", (logits.argmax(-1) == y_te).mean(-1), "ensemble", (mean_p.argmax(-1) == y_te).mean())
# %%
ent = -(mean_p * np.log(mean_p + 1e-9)).sum(-1)
plt.scatter(*x_te.T, c=ent, s=8, cmap="magma"); plt.colorbar();
