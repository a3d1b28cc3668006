# trap: an expression in a string reads names that nobody sees
# %% keep
alpha = 3
# %% keep
formula = "alpha * 2"
# %% drop
print("no need")
# %% train tags=train
result = eval(formula)
