# trap: the names of files are made while the loop runs
# needs: pandas
# %% keep
import glob
import pandas as pd
# %% keep
for year in [2001, 2002]:
    pd.DataFrame({"year": [year]}).to_csv(f"year_{year}.csv", index=False)
# %% drop
print("written")
# %% train tags=train
result = pd.concat([pd.read_csv(path) for path in sorted(glob.glob("year_*.csv"))])
