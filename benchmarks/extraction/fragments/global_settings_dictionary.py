# trap: functions read a global dictionary that other cells fill
# %% keep
CONFIG = {"rate": 0.1, "depth": 2}
# %% keep
def build():
    return [CONFIG["rate"]] * CONFIG["depth"]
# %% drop
print(CONFIG)
# %% keep
CONFIG["depth"] = 3
# %% keep
CONFIG.update(rate=0.2)
# %% train tags=train
result = build()
