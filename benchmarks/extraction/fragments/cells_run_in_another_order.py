# trap: the numbers of the cells disagree with where they stand; the notebook's order counts
# %% keep count=3
values = [1, 2]
# %% keep count=1
scale = 2
# %% drop count=7
scale * 2
# %% train tags=train count=4
result = [value * scale for value in values]
