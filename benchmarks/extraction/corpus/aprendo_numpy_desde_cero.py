# manner: self-taught, Spanish comments, everything by hand with numpy in one long diary
# needs: numpy matplotlib
# seconds: 1
# %% [markdown]
# # Aprendizaje automático desde cero
# Cuaderno personal. Nada de sklearn: solo numpy, para entender qué pasa por dentro.
# %%
import numpy as np
import matplotlib.pyplot as plt
%matplotlib inline
np.random.seed(42)
# %% [markdown]
# ## Día 1: recta por descenso de gradiente
# %%
# metros cuadrados -> precio (inventado)
m2 = np.random.uniform(30, 120, 80)
precio = 1.9 * m2 + 25 + np.random.randn(80) * 12
plt.scatter(m2, precio)
plt.xlabel("m2")
plt.ylabel("miles de euros")
plt.show()
# %%
x = (m2 - m2.mean()) / m2.std()
print(x.mean().round(6), x.std())
# %% train
a, b = 0.0, 0.0
lr = 0.1
costes = []
for it in range(200):
    pred = a * x + b
    err = pred - precio
    a -= lr * 2 * (err * x).mean()
    b -= lr * 2 * err.mean()
    costes.append((err ** 2).mean())
print("a =", a, " b =", b)
# %%
plt.plot(costes[:40])
plt.title("coste")
plt.show()
# %% metrics
pred = a * x + b
r2 = 1 - ((precio - pred) ** 2).sum() / ((precio - precio.mean()) ** 2).sum()
print("R2:", r2)
# %%
# en unidades de verdad
pendiente = a / m2.std()
origen = b - pendiente * m2.mean()
pendiente, origen   # bien! cerca de 1.9 y 25
# %% [markdown]
# ## Día 2: perceptrón
# %%
def nube(centro, n=60):
    return np.array(centro) + np.random.randn(n, 2)

X = np.vstack([nube([-2, 0]), nube([2, 1.5])])
y = np.r_[-np.ones(60), np.ones(60)]
orden = np.random.permutation(120)
X, y = X[orden], y[orden]
plt.scatter(X[:, 0], X[:, 1], c=y)
# %%
class Perceptron:
    def __init__(self, eta=0.1, vueltas=20):
        self.eta = eta
        self.vueltas = vueltas

    def ajustar(self, X, y):
        self.w = np.zeros(X.shape[1] + 1)
        self.fallos = []
        for _ in range(self.vueltas):
            f = 0
            for xi, yi in zip(X, y):
                if self.decidir(xi) != yi:
                    self.w[1:] += self.eta * yi * xi
                    self.w[0] += self.eta * yi
                    f += 1
            self.fallos.append(f)
        return self

    def decidir(self, X):
        return np.where(X @ self.w[1:] + self.w[0] >= 0, 1, -1)
# %% train
p = Perceptron(vueltas=15)
p.ajustar(X, y)
print(p.w)
# %%
plt.bar(range(15), p.fallos)
# %% metrics
print("aciertos:", (p.decidir(X) == y).mean())
# %%
# prueba rapida de np.where, lo olvido siempre
np.where(np.array([1, -2, 3]) >= 0, 1, -1)
# %% [markdown]
# ## Día 3: k-medias
# Sin etiquetas. Primero asignar, luego mover los centros. Repetir.
# %%
Z = np.vstack([nube([0, 0], 70), nube([5, 5], 70), nube([0, 6], 70)])

def distancias(Z, C):
    return np.sqrt(((Z[:, None, :] - C[None]) ** 2).sum(-1))

def kmedias(Z, k, iters=25):
    C = Z[np.random.choice(len(Z), k, replace=False)]
    for i in range(iters):
        g = distancias(Z, C).argmin(1)
        nuevo = np.array([Z[g == j].mean(0) if (g == j).any() else C[j] for j in range(k)])
        if np.allclose(nuevo, C):
            break
        C = nuevo
    return C, g, i
# %% train
C, g, i = kmedias(Z, 3)
print("vueltas:", i)
C
# %%
plt.scatter(*Z.T, c=g, s=10)
plt.scatter(*C.T, marker="x", c="r", s=90)
plt.show()
# %% metrics
inercia = (distancias(Z, C).min(1) ** 2).sum()
inercia
# %% train
# codo. varias semillas y me quedo con la mejor
codo = []
for k in range(1, 7):
    mejor = np.inf
    for s in range(4):
        np.random.seed(s)
        Ck, _, _ = kmedias(Z, k)
        mejor = min(mejor, (distancias(Z, Ck).min(1) ** 2).sum())
    codo.append(mejor)
plt.plot(range(1, 7), codo, "o-")
# %% [markdown]
# ## Día 4: EM para dos gaussianas en 1D
# %%
d = np.concatenate([np.random.normal(160, 6, 150), np.random.normal(176, 7, 150)])  # alturas
plt.hist(d, 30);
# %% train
mu = np.array([150., 190.])
sg = np.array([10., 10.])
pi = np.array([.5, .5])
lls = []

def normal(d, mu, sg):
    return np.exp(-.5 * ((d[:, None] - mu) / sg) ** 2) / (sg * np.sqrt(2 * np.pi))

for paso in range(60):
    # E
    r = pi * normal(d, mu, sg)
    lls.append(np.log(r.sum(1)).sum())
    r = r / r.sum(1, keepdims=True)
    # M
    nk = r.sum(0)
    mu = (r * d[:, None]).sum(0) / nk
    sg = np.sqrt((r * (d[:, None] - mu) ** 2).sum(0) / nk)
    pi = nk / len(d)
mu, sg, pi
# %%
plt.plot(lls)   # tiene que subir siempre
assert np.all(np.diff(lls) > -1e-6)
# %% metrics
verdad = np.repeat([0, 1], 150)
adivinado = normal(d, mu, sg).argmax(1)
print("log-verosimilitud media", lls[-1] / len(d))
print("bien clasificados", (adivinado == verdad).mean())
# %% [markdown]
# ## Día 5: Q-learning, el ratón y el queso
# 0 = suelo, 1 = pared, 2 = gato, 3 = queso
# %%
mapa = np.array([[0, 0, 0, 1, 3],
                 [0, 1, 0, 1, 0],
                 [0, 1, 0, 0, 0],
                 [0, 0, 0, 2, 0]])
ACC = [(-1, 0), (1, 0), (0, -1), (0, 1)]
flechas = "^v<>"

def mover(s, accion):
    f, c = s[0] + ACC[accion][0], s[1] + ACC[accion][1]
    if not (0 <= f < 4 and 0 <= c < 5) or mapa[f, c] == 1:
        return s, -1, False
    premio = {0: -0.1, 2: -10, 3: 10}[mapa[f, c]]
    return (f, c), premio, mapa[f, c] in (2, 3)
# %%
Q = np.zeros((4, 5, 4))
gamma, alfa, eps = 0.95, 0.3, 0.2

def episodio(aprender=True, tope=100):
    s, total = (3, 0), 0
    for _ in range(tope):
        if aprender and np.random.rand() < eps:
            acc = np.random.randint(4)
        else:
            acc = Q[s].argmax()
        s2, premio, fin = mover(s, acc)
        if aprender:
            Q[s][acc] += alfa * (premio + gamma * (0 if fin else Q[s2].max()) - Q[s][acc])
        s, total = s2, total + premio
        if fin:
            break
    return total
# %% train
np.random.seed(0)
historia = [episodio() for _ in range(400)]
# %%
plt.plot(np.convolve(historia, np.ones(20) / 20, "valid"))
plt.xlabel("episodio")
plt.show()
# %% metrics
print("premio sin explorar:", episodio(aprender=False))
# %%
for f in range(4):
    print(" ".join("#" if mapa[f, c] == 1 else "G" if mapa[f, c] == 2 else "Q" if mapa[f, c] == 3 else flechas[Q[f, c].argmax()] for c in range(5)))
# %%
np.save("q_raton.npy", Q)
# dia 6: red neuronal ???
