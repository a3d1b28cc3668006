# manner: physics PhD student, pure JAX with lax.scan, no network library
# needs: jax numpy matplotlib
# seconds: 9
# %% [markdown]
# # Damped pendulum: get g/l and the friction back from a noisy angle record
#
# $\ddot\theta = -\omega^2 \sin\theta - \gamma\dot\theta$
#
# First differentiate through the integrator. Then forget the physics and let a small network learn the force.
# %%
import jax
import jax.numpy as jnp
from jax import grad, jit, lax, random, vmap
import numpy as np
import matplotlib.pyplot as plt

jax.config.update("jax_enable_x64", True)
# %%
dt = 0.05
T = 120
omega2_true, gamma_true = 4.0, 0.3
# %%
def rk4(f, s, dt):
    k1 = f(s)
    k2 = f(s + dt / 2 * k1)
    k3 = f(s + dt / 2 * k2)
    k4 = f(s + dt * k3)
    return s + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

def simulate(force, s0, steps=T):
    """force(theta, omega) -> acceleration; returns (steps, 2), without s0"""
    def f(s):
        th, om = s
        return jnp.array([om, force(th, om)])
    def body(s, _):
        s = rk4(f, s, dt)
        return s, s
    _, traj = lax.scan(body, s0, None, length=steps)
    return traj
# %%
key = random.key(11)
s0 = jnp.array([1.2, 0.0])
truth = simulate(lambda th, om: -omega2_true * jnp.sin(th) - gamma_true * om, s0)
key, sub = random.split(key)
obs = truth[:, 0] + 0.03 * random.normal(sub, (T,))
t = dt * np.arange(1, T + 1)
plt.plot(t, truth[:, 0], "k-", lw=0.8)
plt.plot(t, obs, ".", ms=3)
plt.xlabel("t / s")
# %% [markdown]
# ## Two parameters
# Work in logs so that both stay positive.
# %%
def residual(p):
    w2, ga = jnp.exp(p)
    th = simulate(lambda th, om: -w2 * jnp.sin(th) - ga * om, s0)[:, 0]
    return th - obs

def loss(p):
    return jnp.mean(residual(p) ** 2)

p = jnp.log(jnp.array([3.0, 0.1]))
print(loss(p))
print(grad(loss)(p))
# %%
# finite differences agree?
e = 1e-5
fast = jit(loss)
[(fast(p.at[i].add(e)) - fast(p.at[i].add(-e))) / (2 * e) for i in range(2)]
# %%
scan_w = jit(vmap(lambda a: loss(jnp.log(jnp.array([a, 0.3])))))
w = jnp.linspace(1, 8, 40)
plt.plot(w, scan_w(w))
plt.xlabel(r"$\omega^2$"); plt.ylabel("loss")   # nasty away from the minimum!
# %% train
dloss = jit(grad(loss))
p = jnp.log(jnp.array([3.0, 0.1]))
v = jnp.zeros_like(p)
path = [p]
for i in range(150):
    v = 0.8 * v - 0.05 * dloss(p)
    p = p + v
    path.append(p)
print(jnp.exp(p))
# %% train
# Gauss-Newton to polish
J = jit(jax.jacfwd(residual))
for i in range(5):
    r, A = residual(p), J(p)
    p = p - jnp.linalg.solve(A.T @ A, A.T @ r)
    print(i, float(loss(p)))
# %% metrics
fitted = jnp.exp(p)
print("omega^2 %.4f  (true %.1f)" % (fitted[0], omega2_true))
print("gamma   %.4f  (true %.1f)" % (fitted[1], gamma_true))
print("rms residual", float(jnp.sqrt(loss(p))))
# %%
P = np.exp(np.array(path))
plt.figure(figsize=(4, 3))
plt.plot(P[:, 0], P[:, 1], "-o", ms=2)
plt.plot(omega2_true, gamma_true, "r*")
# %%
# covariance from the Jacobian
A = J(p)
cov = jnp.linalg.inv(A.T @ A) * loss(p)
jnp.sqrt(jnp.diag(cov))
# %% [markdown]
# ## No physics
# A small MLP for the force, multiple shooting over short pieces (the whole record at once does not converge).
# %%
def init_mlp(key, sizes):
    ks = random.split(key, len(sizes) - 1)
    return [(random.normal(k, (m, n)) / jnp.sqrt(m), jnp.zeros(n)) for k, m, n in zip(ks, sizes[:-1], sizes[1:])]

def mlp(params, x):
    for W, b in params[:-1]:
        x = jnp.tanh(x @ W + b)
    W, b = params[-1]
    return (x @ W + b)[0]

def force_of(params):
    return lambda th, om: mlp(params, jnp.array([th, om]))

L = 8
starts = truth[:-L:4]
pieces = np.stack([np.asarray(truth)[i + 1:i + 1 + L] for i in range(0, T - L, 4)])
starts.shape, pieces.shape
# %%
def piece_loss(params, s, target):
    return jnp.mean((simulate(force_of(params), s, L) - target) ** 2)

def total(params):
    return jnp.mean(vmap(piece_loss, (None, 0, 0))(params, starts, pieces))

# Adam, written out
def adam_init(params):
    z = jax.tree.map(jnp.zeros_like, params)
    return z, z, 0

@jit
def adam_step(params, state, lr=1e-2):
    m, v, n = state
    val, g = jax.value_and_grad(total)(params)
    n = n + 1
    m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
    v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
    c1, c2 = 1 - 0.9 ** n, 1 - 0.999 ** n
    params = jax.tree.map(lambda q, a, b: q - lr * (a / c1) / (jnp.sqrt(b / c2) + 1e-8), params, m, v)
    return params, (m, v, n), val
# %%
key, sub = random.split(key)
params = init_mlp(sub, [2, 16, 16, 1])
state = adam_init(params)
total(params)
# %% train
curve = []
while len(curve) < 300:
    params, state, val = adam_step(params, state)
    curve.append(float(val))
curve[-1]
# %%
plt.semilogy(curve)
# %% metrics
roll = simulate(force_of(params), s0)
err = jnp.abs(roll[:, 0] - truth[:, 0])
print("max |error| over the whole record:", float(err.max()))
print("at the end:", float(err[-1]))
# %%
plt.plot(t, truth[:, 0], "k")
plt.plot(t, roll[:, 0], "--")
# %%
# from another starting point -- never seen
s1 = jnp.array([0.5, 1.0])
a = simulate(lambda th, om: -omega2_true * jnp.sin(th) - gamma_true * om, s1)
b = simulate(force_of(params), s1)
plt.plot(t, a[:, 0], "k"); plt.plot(t, b[:, 0], "--")
# %%
# with jnp.savez? no ...
np.savez("force_net.npz", *[np.asarray(q) for q in jax.tree.leaves(params)])
