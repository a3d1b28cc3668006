# trap: %%time and %time run their code in the notebook
# %% keep
%%time
values = [value * 2 for value in range(4)]
# %% keep
%time total = sum(values)
# %% drop
%%timeit -n 1 -r 1
total = 0
# %% drop
%timeit -n 1 -r 1 sum(values)
# %% train tags=train
result = total + len(values)
