# trap: figures, axes and settings of plots are no part of training
# needs: numpy matplotlib
# %% keep
import numpy as np
# %% drop
import matplotlib
matplotlib.use("Agg")
# %% drop
import matplotlib.pyplot as plt
plt.rcParams["figure.figsize"] = (4, 3)
plt.style.use("ggplot")
# %% keep
X = np.linspace(0, 1, 20)
# %% drop
fig, axes = plt.subplots(1, 2)
axes[0].plot(X, X ** 2)
for ax in axes:
    ax.set_title("squares")
    ax.hist(X)
plt.tight_layout()
plt.show()
# %% drop
def show(values, title="values"):
    plt.figure()
    plt.plot(values)
    plt.title(title)
    plt.savefig("figure.png")
# %% drop
show(X)
# %% train tags=train
result = X.sum()
