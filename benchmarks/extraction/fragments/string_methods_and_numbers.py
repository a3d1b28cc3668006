# trap: strings and numbers cannot be changed by anyone
# %% keep
text = "a,b"
number = 3
# %% drop
text.upper()
parts = text.split(",")
parts.append("c")
# %% drop?
def helper(value):
    value += 1
    return value
# %% drop?
helper(number)
# %% train tags=train
result = (text, number)
