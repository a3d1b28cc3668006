# trap: files are named by Path objects, joined by a slash
# %% keep
from pathlib import Path
# %% keep
folder = Path("data")
folder.mkdir(exist_ok=True)
# %% keep
(folder / "notes.txt").write_text("one two")
# %% keep
other = folder.joinpath("more.txt")
with other.open("w") as file:
    file.write("three")
# %% drop
print(folder)
# %% train tags=train
words = (folder / "notes.txt").read_text().split()
words += [(folder / "more.txt").read_text()]
