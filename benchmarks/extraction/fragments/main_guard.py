# trap: what stands under `if __name__ == "__main__"` runs in a notebook
# %% keep
def build():
    return [1]
# %% keep
if __name__ == "__main__":
    model = build()
# %% drop
if __name__ != "__main__":
    model = None
# %% train tags=train
result = model
