# trap: each use of a function means the definition before it
# %% keep
def clean(text):
    return text.lower()
# %% keep
words = [clean(word) for word in ["Red", "BLUE"]]
# %% keep
def clean(text):
    return text.upper()
# %% drop
clean("shown only")
# %% keep
more = [clean(word) for word in words]
# %% drop
def clean(text):
    return text.title()
# %% train tags=train
result = words + more
