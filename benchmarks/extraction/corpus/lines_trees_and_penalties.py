# manner: textbook chapter, more prose than code, one idea a cell, ends in exercises
# needs: scikit-learn numpy pandas matplotlib
# seconds: 2
# %% [markdown]
# # Chapter 4. From a line to a forest of rules
#
# In this chapter we fit the same small data set in three ways. Each time we ask two questions: *how well does the model
# describe what it has seen?* and *how well does it guess what it has not?*
# %%
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt

# Display settings used throughout the book
plt.rc("figure", figsize=(5, 3))
np.set_printoptions(precision=3, suppress=True)
# %% [markdown]
# ## 4.1 A line by arithmetic
#
# A gardener notes how many hours of sun a tomato plant gets per day and how many kilograms it bears.
# %%
sun = np.array([2.0, 3.1, 3.9, 4.5, 5.2, 6.0, 6.8, 7.1, 8.3, 9.0])
kg = np.array([0.9, 1.3, 1.9, 1.8, 2.4, 2.9, 3.0, 3.4, 3.7, 4.3])
plt.plot(sun, kg, "o")
plt.xlabel("hours of sun")
plt.ylabel("harvest (kg)");
# %% train
# the slope is the covariance divided by the variance
slope = np.sum((sun - sun.mean()) * (kg - kg.mean())) / np.sum((sun - sun.mean()) ** 2)
intercept = kg.mean() - slope * sun.mean()
slope, intercept
# %% [markdown]
# With matrices we get the same numbers. Let $A$ hold a column of ones beside the hours:
# %%
A = np.column_stack([np.ones_like(sun), sun])
A[:3]
# %% train
# (AᵀA) β = Aᵀy
beta = np.linalg.solve(A.T @ A, A.T @ kg)
beta
# %%
assert np.allclose(beta, [intercept, slope])
plt.plot(sun, kg, "o")
plt.plot(sun, A @ beta, "-")
plt.vlines(sun, kg, A @ beta, colors="grey", lw=0.8);
# %% metrics
rss = np.sum((kg - A @ beta) ** 2)
tss = np.sum((kg - kg.mean()) ** 2)
R2 = 1 - rss / tss
print(f"R² = {R2:.4f}")
# %% [markdown]
# ## 4.2 The same with a library
#
# The diabetes data come with scikit-learn: ten measurements and how the disease went on after a year.
# %%
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

bunch = load_diabetes(as_frame=True)
X, y = bunch.data, bunch.target
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=4)
# %% train
from sklearn.linear_model import LinearRegression

ols = LinearRegression()
ols.fit(X_train, y_train)
# %%
ols.intercept_, ols.coef_
# %% metrics
ols.score(X_train, y_train), ols.score(X_test, y_test)
# %% [markdown]
# The second number is smaller. It always will be, a little. When it is *much* smaller we speak of overfitting, and the
# next section shows the purest case of it.
#
# ## 4.3 Trees
# A tree asks yes-no questions. Left alone, it goes on asking until each patient has a leaf of their own.
# %% train
from sklearn.tree import DecisionTreeRegressor, export_text

tree = DecisionTreeRegressor(random_state=0).fit(X_train, y_train)
# %% metrics
print("seen:  ", tree.score(X_train, y_train))
print("unseen:", tree.score(X_test, y_test))
# %% train
# Perfect on what it has seen, worse than the mean on what it has not. We must stop it earlier.
depths = np.arange(1, 11)
scores = np.empty((len(depths), 2))
for row, depth in enumerate(depths):
    model = DecisionTreeRegressor(max_depth=depth, random_state=0).fit(X_train, y_train)
    scores[row] = model.score(X_train, y_train), model.score(X_test, y_test)
# %%
plt.plot(depths, scores[:, 0], label="seen")
plt.plot(depths, scores[:, 1], label="unseen")
plt.legend()
plt.xlabel("depth");
# %% train
small_tree = DecisionTreeRegressor(max_depth=2, random_state=0)
small_tree.fit(X_train, y_train)
print(export_text(small_tree, feature_names=list(X.columns)))
# %% metrics
small_tree.score(X_test, y_test)
# %% [markdown]
# ## 4.4 Penalties
#
# Instead of fewer questions, *smaller answers*. Ridge adds $\alpha\sum\beta_j^2$ to the squares, the lasso $\alpha\sum|\beta_j|$.
# %%
from sklearn.linear_model import Lasso, LassoCV, Ridge, lasso_path
from sklearn.preprocessing import StandardScaler

scaler = StandardScaler().fit(X_train)
Z_train, Z_test = scaler.transform(X_train), scaler.transform(X_test)
# %% train
alphas = np.logspace(-1, 5, 40)
coefs = []
for a in alphas:
    ridge = Ridge(alpha=a)
    ridge.fit(Z_train, y_train)
    coefs.append(ridge.coef_)
coefs = np.array(coefs)
# %%
plt.semilogx(alphas, coefs)
plt.axhline(0, color="k", lw=0.5)
plt.xlabel(r"$\alpha$")
plt.title("Ridge: all shrink, none vanishes");
# %% train
# the lasso has an algorithm of its own for the whole path
path_alphas, path_coefs, _ = lasso_path(Z_train, y_train - y_train.mean(), alphas=np.logspace(1.6, -1.5, 50))
# %%
for name, line in zip(X.columns, path_coefs):
    plt.plot(-np.log10(path_alphas), line, label=name)
plt.legend(fontsize=5, ncol=2);
# %% train
lasso = LassoCV(cv=5, random_state=0).fit(Z_train, y_train)
lasso.alpha_
# %%
pd.Series(lasso.coef_, index=X.columns).round(1)
# %% metrics
from sklearn.metrics import mean_absolute_error, mean_squared_error

for name, model, data in [("least squares", ols, X_test), ("small tree", small_tree, X_test), ("lasso", lasso, Z_test)]:
    guess = model.predict(data)
    print(f"{name:14s} MAE {mean_absolute_error(y_test, guess):6.2f}   RMSE {mean_squared_error(y_test, guess) ** 0.5:6.2f}")
# %% [markdown]
# ## Exercises
# 1. Repeat 4.3 with another `random_state` in the split. Does the best depth stay?
# 2. Why must the columns be scaled for the lasso but not for the tree?
# 3. (harder) Write ridge with `np.linalg.solve` alone.
