# trap: a hand-written step changes the arrays inside a dictionary
# needs: numpy
# %% keep
import numpy as np
# %% keep
weights = {"w": np.zeros(2), "b": np.zeros(1)}
X, y = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 2.0])
# %% keep
def gradients(weights, X, y):
    error = X @ weights["w"] + weights["b"] - y
    return {"w": X.T @ error, "b": error.sum(keepdims=True)}
# %% keep
def update(weights, grads, rate=0.01):
    for key in weights:
        weights[key] -= rate * grads[key]
# %% keep
update(weights, gradients(weights, X, y))
# %% drop
gradients(weights, X, y)
# %% train tags=train
for epoch in range(3):
    update(weights, gradients(weights, X, y))
