# trap: coroutines do their work when they are awaited
# %% keep
import asyncio

log = []
async def fetch(value):
    log.append(value)
    await asyncio.sleep(0)
    return value * 2
# %% keep
results = asyncio.run(fetch(4))
# %% drop
async def unused():
    log.append(-1)
# %% train tags=train
result = (results, log)
