# trap: a module is made by hand and imported afterwards
# %% keep
import sys, types
# %% keep
made = types.ModuleType("made_by_hand")
made.value = 12
sys.modules["made_by_hand"] = made
# %% keep
import made_by_hand
# %% drop
types.ModuleType("unused")
# %% train tags=train
result = made_by_hand.value
