# trap: a function that only prints is not needed, nor are its calls
# needs: numpy
# %% keep
import numpy as np
# %% keep
X = np.arange(6).reshape(3, 2)
# %% drop
def report(values, title):
    print(title)
    for row in values:
        print(row.sum(), row.mean())
    return {"rows": len(values)}
# %% drop
report(X, "all")
# %% drop
summary = report(X[:2], "some")
summary["more"] = 3
# %% train tags=train
result = X.sum()
