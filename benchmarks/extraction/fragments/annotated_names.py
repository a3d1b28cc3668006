# trap: an annotation alone binds nothing, with a value it does
# %% keep
threshold: float = 0.5
# %% drop
threshold: float
# %% drop
other: int = 3
# %% train tags=train
result = threshold * 2
