# trap: a wrapper keeps state that each call changes
# %% keep
import functools

def counted(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        wrapper.calls += 1
        return function(*args, **kwargs) + wrapper.calls
    wrapper.calls = 0
    return wrapper
# %% keep
@counted
def square(value):
    return value * value
# %% keep
square(3)
# %% train tags=train
result = square(2)
