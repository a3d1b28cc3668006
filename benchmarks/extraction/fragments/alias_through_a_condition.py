# trap: one of two lists is changed, only running tells which
# %% keep
small = [1]
large = [1, 2, 3]
# %% keep
chosen = large if len(large) > 2 else small
other = small or large
# %% keep
chosen.append(4)
# %% keep
other.append(5)
# %% train tags=train
result = (small, large)
