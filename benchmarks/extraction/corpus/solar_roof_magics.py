# manner: notebook power user, a magic in every other cell, code written to a file and run from there
# needs: scikit-learn pandas numpy matplotlib joblib ipython
# seconds: 4
# %% [markdown]
# # Solar roof: yield from weather
# (run me with `ipython kernel >= 8`)
# %%
%load_ext autoreload
%autoreload 2
%matplotlib inline
# %%
%%capture installed
%pip install -q numpy pandas scikit-learn
# %%
!python --version
!mkdir -p work_dir
%env SOLAR_DIR=work_dir
# %%
import os, sys
import numpy as np, pandas as pd, matplotlib.pyplot as plt
from pathlib import Path
D = Path(os.environ["SOLAR_DIR"])
# %%
%%writefile solar_helper.py
"""roof geometry and a fake weather station"""
import numpy as np
import pandas as pd

KWP = 8.4

def weather(n, seed=0):
    r = np.random.default_rng(seed)
    doy = r.integers(1, 366, n)
    hour = r.integers(6, 20, n)
    cloud = r.beta(1.2, 1.5, n)
    temp = 10 - 10 * np.cos(2 * np.pi * doy / 365) + r.normal(0, 4, n)
    return pd.DataFrame({"doy": doy, "hour": hour, "cloud": cloud, "temp": temp})

def elevation(df):
    decl = 23.4 * np.sin(2 * np.pi * (df.doy - 81) / 365)
    return np.clip(np.sin(np.pi * (df.hour - 5) / 15) * np.cos(np.radians(48 - decl)), 0, None)

def yield_kwh(df, seed=1):
    r = np.random.default_rng(seed)
    out = KWP * elevation(df) * (1 - 0.75 * df.cloud) * (1 - 0.004 * (df.temp - 25))
    return np.clip(out + r.normal(0, 0.25, len(df)), 0, None)
# %%
from solar_helper import weather, elevation, yield_kwh
df = weather(700)
df["elev"] = elevation(df)
df["kwh"] = yield_kwh(df)
df.head()
# %%
%whos DataFrame
# %%
df.sample(200, random_state=0).plot.scatter("elev", "kwh", c="cloud", s=8, cmap="Blues_r")
# %%
%%time
df.to_csv(D / "roof.csv", index=False)
# %%
!ls work_dir
!head -3 work_dir/roof.csv
n_lines = !wc -l < work_dir/roof.csv
print(n_lines[0].strip(), "lines")
# %%
%%bash
echo "free space:"
df -h . | tail -1 | awk '{print $4}' > /dev/null
# %%
raw = pd.read_csv(D / "roof.csv")
cols = ["doy", "hour", "cloud", "temp", "elev"]
from sklearn.model_selection import train_test_split
a, b = train_test_split(raw, random_state=3)
# %%
from sklearn.ensemble import GradientBoostingRegressor
?GradientBoostingRegressor
# %% train
%%time
reg = GradientBoostingRegressor(n_estimators=60, max_depth=3, random_state=0)
reg.fit(a[cols], a["kwh"]);
# %% metrics
from sklearn.metrics import mean_absolute_error as mae, r2_score
print(mae(b["kwh"], reg.predict(b[cols])), r2_score(b["kwh"], reg.predict(b[cols])))
# %%
%timeit -n 3 -r 2 reg.predict(b[cols])
# %%
%%capture tree_log --no-stderr
print(reg.get_params())
# %%
tree_log.show()
# %% train
%%capture fitlog
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
mlp = make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(16,), max_iter=60, random_state=0, verbose=True))
mlp.fit(a[cols], a["kwh"])
# %%
print("\n".join(fitlog.stdout.splitlines()[-3:]))
# %% metrics
%time score = mlp.score(b[cols], b["kwh"])
score
# %%
%%writefile work_dir/train_night.py
# the cron job runs the same
import sys
import joblib
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
raw = pd.read_csv("work_dir/roof.csv")
night = RandomForestRegressor(20, random_state=0)
night.fit(raw.drop(columns="kwh"), raw["kwh"])
joblib.dump(night, "work_dir/night.joblib")
print("trained on", len(raw))
# %% train
%run work_dir/train_night.py
# %%
!ls -1 work_dir
# %% metrics
fresh = weather(200, seed=55)
fresh["elev"] = elevation(fresh)
real = yield_kwh(fresh, seed=56)
print("night job: MAE %.3f kWh" % mae(real, night.predict(fresh)))
# %%
%%html
<b>done</b>, results are on the board in the hall
# %%
%history -n -l 3
