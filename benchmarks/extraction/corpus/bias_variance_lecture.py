# manner: a teacher's lecture, bias-variance tradeoff, many fits in loops and in small functions, polyfit by hand, exercises for students, unseeded in places
# needs: numpy matplotlib scikit-learn ipython
# seconds: 4
# %% [markdown]
# # Lecture 5: The bias-variance tradeoff
#
# $$\mathbb E[(y-\hat f(x))^2]=\text{Bias}^2+\text{Var}+\sigma^2$$
#
# Run every cell. **Do not just read!**
# %%
import numpy as np
import matplotlib.pyplot as plt
from IPython.display import display, Markdown
plt.style.use("ggplot")
# %% [markdown]
# ## 1. A truth that we know
# %%
def truth(x):
    return np.sin(1.5 * np.pi * x) + 0.3 * x

def new_data(n=25, sigma=0.3):
    """a fresh data set each time you call it - that is the whole point"""
    x = np.random.uniform(0, 1, n)
    return x, truth(x) + np.random.normal(0, sigma, n)

grid = np.linspace(0, 1, 100)
# %%
x, y = new_data()
plt.plot(grid, truth(grid), "k")
plt.plot(x, y, "o")
plt.title("run me again: the points move");
# %% [markdown]
# ## 2. Polynomials
# %% train
coefs = {d: np.polyfit(x, y, d) for d in (1, 3, 9)}
for d, c in coefs.items():
    plt.plot(grid, np.polyval(c, grid), label=f"degree {d}")
plt.plot(x, y, "ko"); plt.ylim(-2, 2.5); plt.legend();
# %% [markdown]
# > **Question 1.** Which one would you buy?
# %% metrics
for d, c in coefs.items():
    xt, yt = new_data(500)
    print(f"degree {d}: error on the points {np.mean((np.polyval(c, x) - y) ** 2):.3f}, on new points {np.mean((np.polyval(c, xt) - yt) ** 2):.3f}")
# %% [markdown]
# ## 3. The same model on many data sets
# %%
def many_fits(degree, runs=60, n=25):
    curves = []
    for _ in range(runs):
        xs, ys = new_data(n)
        curves.append(np.polyval(np.polyfit(xs, ys, degree), grid))
    return np.array(curves)

def decompose(curves):
    avg = curves.mean(0)
    bias2 = np.mean((avg - truth(grid)) ** 2)
    var = np.mean(curves.var(0))
    return bias2, var
# %% train
fig, axs = plt.subplots(1, 3, figsize=(12, 3), sharey=True)
for ax, d in zip(axs, (1, 3, 8)):
    C = many_fits(d)
    ax.plot(grid, C.T, "b", alpha=.08)
    ax.plot(grid, C.mean(0), "r", lw=2); ax.plot(grid, truth(grid), "k--")
    ax.set_ylim(-2, 2); ax.set_title("degree %d: bias² %.3f  var %.3f" % (d, *decompose(C)))
# %% train
degrees = range(0, 9)
table = np.array([decompose(many_fits(d, runs=150)) for d in degrees])
# %%
plt.plot(degrees, table[:, 0], "o-", label="bias²")
plt.plot(degrees, table[:, 1], "o-", label="variance")
plt.plot(degrees, table.sum(1) + .09, "ks-", label="total")
plt.ylim(0, 1); plt.xlabel("degree"); plt.legend();
# %% metrics
k = int(table.sum(1).argmin())
display(Markdown(f"Best degree: **{k}** with expected error {table.sum(1)[k] + .09:.3f}"))
# %% [markdown]
# ## 4. Regularisation is a knob, too
# %%
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.linear_model import Ridge, LinearRegression
from sklearn.tree import DecisionTreeRegressor
from sklearn.ensemble import BaggingRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.model_selection import learning_curve, validation_curve, cross_val_score

def repeated(make, runs=40):
    out = []
    for _ in range(runs):
        xs, ys = new_data(40)
        out.append(make().fit(xs[:, None], ys).predict(grid[:, None]))
    return np.array(out)
# %% train
np.random.seed(2024)     # so that the numbers are those of the slides
alphas = np.logspace(-6, 2, 9)
ridge_bv = []
for a in alphas:
    ridge_bv.append(decompose(repeated(lambda: make_pipeline(PolynomialFeatures(10), StandardScaler(), Ridge(alpha=a)))))
ridge_bv = np.array(ridge_bv)
# %%
plt.semilogx(alphas, ridge_bv[:, 0], label="bias²"); plt.semilogx(alphas, ridge_bv[:, 1], label="variance"); plt.legend(); plt.xlabel("alpha");
# %% [markdown]
# ## 5. Trees, neighbours and bagging
# %% train
zoo = {
    "stump": lambda: DecisionTreeRegressor(max_depth=1),
    "deep tree": lambda: DecisionTreeRegressor(),
    "bagged trees": lambda: BaggingRegressor(DecisionTreeRegressor(), n_estimators=15),
    "1-NN": lambda: KNeighborsRegressor(1),
    "10-NN": lambda: KNeighborsRegressor(10),
    "line": LinearRegression,
}
zoo_bv = {name: decompose(repeated(f, 25)) for name, f in zoo.items()}
# %% metrics
print(f"{'model':15s}{'bias²':>8s}{'var':>8s}{'sum':>8s}")
for name, (b, v) in zoo_bv.items():
    print(f"{name:15s}{b:8.3f}{v:8.3f}{b + v:8.3f}")
# %%
names = list(zoo_bv)
plt.bar(names, [zoo_bv[n][0] for n in names], label="bias²")
plt.bar(names, [zoo_bv[n][1] for n in names], bottom=[zoo_bv[n][0] for n in names], label="variance")
plt.legend(); plt.xticks(rotation=30);
# %% [markdown]
# ## 6. In life there is only ONE data set
# cross-validation is the way out
# %%
X, Y = new_data(120)
X = X.reshape(-1, 1)
poly = make_pipeline(PolynomialFeatures(), LinearRegression())
# %% train
tr_s, va_s = validation_curve(poly, X, Y, param_name="polynomialfeatures__degree", param_range=range(1, 12), cv=5, scoring="neg_mean_squared_error")
plt.plot(range(1, 12), -tr_s.mean(1), label="train"); plt.plot(range(1, 12), -va_s.mean(1), label="valid"); plt.ylim(0, .4); plt.legend();
# %% train
poly.set_params(polynomialfeatures__degree=1 + int(va_s.mean(1).argmax()))
sizes, tr, va = learning_curve(poly, X, Y, cv=5, train_sizes=np.linspace(.2, 1, 6), scoring="neg_mean_squared_error")
plt.plot(sizes, -tr.mean(1)); plt.plot(sizes, -va.mean(1)); plt.axhline(.09, ls=":");
# %% train
poly.fit(X, Y)
xt, yt = new_data(1000)
print("R2 on new points:", poly.score(xt[:, None], yt))
# %% [markdown]
# ### Exercise 5.1
# Change `sigma` to 1.0. Which degree wins now? Write your answer below.
# %%
# your code here
def my_experiment(sigma):
    ...
# %%
# Solution (for the tutors)
def solution(sigma):
    global new_data
    base = new_data
    new_data = lambda n=25, s=sigma: base(n, s)
    res = [sum(decompose(many_fits(d, 80))) for d in range(9)]
    new_data = base
    return int(np.argmin(res))
# %% train
{s: solution(s) for s in (.05, .3, 1.)}
