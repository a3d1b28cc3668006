# manner: fastai course follower, star import, short cells, tabular learner
# needs: fastai pandas numpy
# seconds: 5
# %% [markdown]
# # Will the shot be good?
# My espresso log (ok, simulated) as a tabular problem with fastai.
# %%
from fastai.tabular.all import *
# %%
import pandas as pd, numpy as np
r = np.random.default_rng(5)
n = 1200
df = pd.DataFrame({
    "bean": r.choice(["blend", "kenya", "brazil", "sumatra"], n),
    "machine": r.choice(["lever", "pump"], n),
    "grind": r.normal(5, 1.2, n),
    "temp": r.normal(92, 2, n),
    "seconds": r.normal(28, 5, n),
})
z = 1.5 - 0.5 * (df.grind - 5) ** 2 - 0.15 * (df.temp - 92 - (df.bean == "kenya")).abs() - 0.05 * (df.seconds - 27).abs() + 0.4 * (df.machine == "lever")
df["good"] = np.where(z + r.normal(0, 0.4, n) > 0.4, "yes", "no")
df.loc[r.choice(n, 40, replace=False), "temp"] = np.nan   # forgot to write it down
df.head()
# %%
df.good.value_counts()
# %%
df.isna().sum()
# %%
set_seed(5, reproducible=True)
splits = RandomSplitter(valid_pct=0.2, seed=5)(range_of(df))
to = TabularPandas(df, procs=[Categorify, FillMissing, Normalize],
                   cat_names=["bean", "machine"], cont_names=["grind", "temp", "seconds"],
                   y_names="good", y_block=CategoryBlock(), splits=splits)
to.xs.head(3)
# %%
dls = to.dataloaders(bs=64)
dls.show_batch(max_n=4)
# %%
learn = tabular_learner(dls, layers=[50, 20], metrics=[accuracy, F1Score()])
learn.summary()
# %% train
learn.lr_find()
# %% train
learn.fit_one_cycle(4, 5e-3)
# %%
learn.recorder.plot_loss()
# %% metrics
learn.validate()
# %%
learn.show_results(max_n=5)
# %%
interp = ClassificationInterpretation.from_learner(learn)
# %% metrics
interp.print_classification_report()
# %% metrics
preds, targs = learn.get_preds()
(preds.argmax(1) == targs).float().mean()
# %% train
# more, and slower
learn.fit_one_cycle(2, slice(1e-4, 1e-3))
# %%
row, cls, probs = learn.predict(df.iloc[0])
cls, probs
# %%
learn.save("espresso")
# learn.export("espresso.pkl")
# %% train
from sklearn.tree import DecisionTreeClassifier
tree = DecisionTreeClassifier(max_leaf_nodes=8, random_state=5).fit(to.train.xs, to.train.ys.values.ravel())
# %% metrics
tree.score(to.valid.xs, to.valid.ys.values.ravel())
