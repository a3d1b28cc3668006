# trap: two closures made by one call share their variable
# %% keep
def make():
    history = []
    def put(item):
        history.append(item)
    def get():
        return list(history)
    return put, get
# %% keep
put, get = make()
# %% keep
put(3)
# %% drop
print(get())
# %% train tags=train
result = get()
