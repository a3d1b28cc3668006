# trap: an executor calls the function that it gets
# %% keep
from concurrent.futures import ThreadPoolExecutor

found = []
def work(value):
    found.append(value)
    return value
# %% keep
with ThreadPoolExecutor(1) as pool:
    done = list(pool.map(work, [1, 2]))
# %% keep
with ThreadPoolExecutor(1) as pool:
    pool.submit(work, 3)
# %% drop
print(done)
# %% train tags=train
result = found
