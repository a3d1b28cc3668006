# trap: which of two imports counts is only known when they run
# %% keep
try:
    import surely_not_installed_anywhere as maths
except ImportError:
    import math as maths
# %% drop
import cmath
cmath.sqrt(-1)
# %% train tags=train
result = maths.sqrt(16)
