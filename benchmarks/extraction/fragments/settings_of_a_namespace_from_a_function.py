# trap: argparse hands out a namespace that is changed before use
# %% keep
import argparse
# %% keep
parser = argparse.ArgumentParser()
# %% keep
parser.add_argument("--epochs", type=int, default=3)
# %% keep
args = parser.parse_args([])
# %% keep
args.epochs += 2
# %% drop
print(args)
# %% train tags=train
result = args.epochs
