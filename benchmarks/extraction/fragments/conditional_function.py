# trap: one of two functions is defined, only running tells which
# %% keep
import sys
# %% keep
if sys.version_info > (3, 0):
    def half(value):
        return value / 2
else:
    def half(value):
        return value / 2.0
# %% drop
print(sys.version_info)
# %% train tags=train
result = half(3)
