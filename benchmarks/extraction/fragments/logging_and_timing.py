# trap: logging, clocks and memory leave training alone
# %% keep
values = [1, 2]
# %% drop
import logging
logging.basicConfig(level=logging.INFO)
logger = logging.getLogger(__name__)
logger.info("begin")
# %% drop
import time
start = time.time()
# %% drop
import gc
gc.collect()
# %% drop
print(time.time() - start)
# %% train tags=train
result = sum(values)
