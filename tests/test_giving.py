"""What objects of libraries hand out, take in, and leave alone."""

from __future__ import annotations

import pytest

from alekseylearn.dataflow import trace
from alekseylearn.objects import Thing
from tests.strategies import notebook
from tests.test_precision import kept

TORCH = "import torch\nfrom torch import nn\nfrom torch.utils.data import DataLoader\nfrom tqdm import tqdm"
NET = "rows = [torch.ones(2)]\nnet = nn.Sequential(nn.Linear(2, 2))"
TRAIN = "#| train\nprint(rows, net)"


def matters(cell: str, *, before: str = NET, train: str = TRAIN, imports: str = TORCH) -> bool:
    """Tell whether *cell*, which stands before training, is kept."""
    return 2 in kept(imports, before, cell, train)


@pytest.mark.parametrize(
    ("cell", "is_kept"),
    [
        ("for batch in DataLoader(rows, generator=torch.Generator()): batch.add_(1)", False),
        ("batch = next(iter(DataLoader(rows, generator=torch.Generator())))\nbatch.add_(1)", False),
        ("for batch in tqdm(DataLoader(rows, generator=torch.Generator())): batch.add_(1)", False),
        ("for batch in DataLoader(rows, collate_fn=lambda found: found): batch[0].add_(1)", True),
        ("DataLoader(rows).dataset.append(1)", True),
        ("for row in rows: row.add_(1)", True),
        ("for row in tqdm(rows): row.add_(1)", True),
        ("next(iter(rows)).add_(1)", True),
        ("bar = tqdm(rows)\nbar.set_description('rows')", False),
        ("next(iter([]), 0)", False),
    ],
)
def test_a_loader_gives_new_batches_and_others_what_they_hold(cell: str, *, is_kept: bool) -> None:
    assert matters(cell) == is_kept


@pytest.mark.parametrize(
    ("layers", "cell", "is_kept"),
    [
        ("nn.ModuleList([layer])", "for each in layers: nn.init.zeros_(each.weight)", True),
        ("nn.ModuleList(layer for _ in rows)", "nn.init.zeros_(layers[0].weight)", True),
        ("nn.Sequential(layer)", "for each in layers: nn.init.zeros_(each.weight)", True),
        ("nn.ModuleList()\nlayers.append(layer)", "for each in layers: nn.init.zeros_(each.weight)", True),
        ("nn.ModuleList([layer])", "other = nn.ModuleList([nn.ReLU()])\nother.append(nn.Tanh())", False),
    ],
)
def test_a_list_of_layers_gives_its_layers(layers: str, cell: str, *, is_kept: bool) -> None:
    before = f"rows = [1]\nlayer = nn.Linear(1, 1)\nlayers = {layers}"
    assert matters(cell, before=before, train="#| train\nprint(layer)") == is_kept


@pytest.mark.parametrize(
    ("cell", "is_kept"),
    [
        ("@torch.no_grad()\ndef look():\n    rows.append(1)", False),
        ("@torch.no_grad()\ndef look():\n    rows.append(1)\nlook()", True),
        ("from functools import partial\n@partial(lambda rows, f: rows.append(f), rows)\ndef look(): pass", True),
    ],
)
def test_a_decorator_runs_what_it_was_made_of_and_not_what_it_takes(cell: str, *, is_kept: bool) -> None:
    assert matters(cell) == is_kept


@pytest.mark.parametrize(
    ("cell", "is_kept"),
    [
        ("nn.init.zeros_(net[0].weight)", True),
        ("nn.utils.clip_grad_norm_(net.parameters(), 1.0)", True),
        ("other = nn.Linear(1, 1)\nnn.init.zeros_(other.weight)", False),
        ("torch.backends.flags.update(fast=True)", True),
        ("torch.zeros(2).to(rows[0].device)", False),
        ("rows[0].to('cpu').zero_()", True),
        ("net.double()", True),
    ],
)
def test_what_works_in_place_changes_what_it_is_called_with_and_no_module(cell: str, *, is_kept: bool) -> None:
    assert matters(cell) == is_kept


BACKWARD = "(net(rows[0]) * weight).sum().backward()"


@pytest.mark.parametrize(
    ("before", "what", "is_kept"),
    [
        ("rows = [torch.ones(2)]\nweight = torch.ones(2)", "rows", False),
        ("rows = [torch.ones(2)]\nweight = torch.ones(2, requires_grad=True)", "weight", True),
        ("rows = [torch.ones(2)]\nweight = torch.ones(2).requires_grad_()", "weight", True),
        ("rows = [torch.ones(2)]\nweight = torch.ones(2)\nweight.requires_grad = True", "weight", True),
        ("rows = [torch.ones(2)]\nweight = nn.Parameter(torch.ones(2))", "weight", True),
        ("rows = [torch.ones(2)]\nweight = torch.ones(2)", "net", True),
    ],
)
def test_a_backward_pass_writes_to_what_keeps_gradients(before: str, what: str, *, is_kept: bool) -> None:
    before += "\nnet = nn.Linear(2, 2)"
    assert matters(BACKWARD, before=before, train=f"#| train\nprint({what})") == is_kept


SKLEARN = (
    "import numpy as np\nimport pandas as pd\nimport polars as pl\nimport xgboost as xgb\nimport lightgbm as lgb\n"
    "from sklearn.linear_model import Ridge\nfrom sklearn.neural_network import MLPRegressor\n"
    "import statsmodels.formula.api as smf\nimport matplotlib.pyplot as plt"
)


@pytest.mark.parametrize(
    ("before", "cell", "what", "is_kept"),
    [
        ("m = MLPRegressor(random_state=0)", "plt.plot(m.loss_curve_)", "m", False),
        ("d = pl.DataFrame()", "d.sort('a').with_columns(a=1)", "d", False),
        ("d = pl.DataFrame()", "d.insert_column(0, pl.Series())", "d", True),
        ("d = xgb.DMatrix([])\nm = xgb.train({}, d)", "m.get_score(), m.eval(d)", "m", False),
        ("d = lgb.Dataset([])", "lgb.train({}, d)", "d", True),
        ("d = [1]", "lgb.train({}, lgb.Dataset(d))", "d", False),
        ("d = pd.DataFrame()\nd['p'] = smf.ols('a', d).fit().predict(d)", "smf.ols('a', d).fit()", "d", False),
        ("class Settings:\n    rate = 1\ns = Settings()", "Ridge(s).set_params(alpha=s).fit(s)", "s", False),
        ("class Own(Ridge): pass\ns = Own()", "xgb.train({}, s)\nRidge(s).fit(s)", "s", True),
        (
            "import lightning as L\nclass Net(L.LightningModule): pass",
            "Net.load_from_checkpoint('a.ckpt')",
            "Net",
            False,
        ),
        ("import flax.nnx as nnx\nd = nnx.List([[]])", "for each in d: each.append(1)", "d", True),
        ("rng = np.random.RandomState(0)", "Ridge(random_state=rng).fit([[1]], [1])", "rng", True),
        ("rng = np.random.default_rng(0)", "print(rng, repr(rng))", "rng", False),
    ],
)
def test_models_change_each_other_and_no_values(before: str, cell: str, what: str, *, is_kept: bool) -> None:
    assert matters(cell, before=before, train=f"#| train\nprint({what})", imports=SKLEARN) == is_kept


@pytest.mark.parametrize(
    ("before", "cell", "is_kept"),
    [
        ("d = torch.ones(2)", "torch.nn.functional.relu(d, inplace=True)", True),
        ("d = torch.ones(2)", "nn.ReLU(inplace=True)(d)", True),
        ("d = torch.ones(2)\nact = nn.ReLU(inplace=True)", "act(d)", True),
        ("d = torch.ones(2)\nnet = nn.Sequential(nn.ReLU(inplace=True))", "net(d)", True),
        ("d = torch.ones(2)\nnet = nn.Sequential(nn.Linear(2, 2), nn.ReLU(inplace=True))", "net(d)", False),
        ("d = torch.ones(2)\nact = nn.ReLU()", "act(d)", False),
        ("d = [1]", "StandardScaler(copy=False).fit_transform(d)", True),
        ("d = [1]", "make_pipeline(StandardScaler(copy=False)).fit(d)", True),
        ("d = [1]", "make_pipeline(StandardScaler()).fit(d)", False),
        ("d = [1]", "e = scale(d, copy=False)", True),
        ("d = [1]", "e = scale(d)", False),
    ],
)
def test_what_overwrites_its_data_changes_it(before: str, cell: str, *, is_kept: bool) -> None:
    sklearn = "from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler, scale"
    assert matters(cell, before=before, train="#| train\nprint(d)", imports=f"{TORCH}\n{sklearn}") == is_kept


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("xgb.train({}, xgb.DMatrix([1]), evals_result=found)", "found"),
        ("lgb.train({}, lgb.Dataset([1]), callbacks=[lgb.record_evaluation(found)])", "found"),
        ("model.fit([1], [1], callbacks=[course])", "course"),
        ("optimizer.apply_gradients([(1, weight)])", "weight"),
        ("optimizer.minimize(print, [weight])", "weight"),
        ("np.add(found, 1, out=found)", "found"),
    ],
)
def test_what_a_call_fills_is_changed(cell: str, what: str) -> None:
    imports = "import xgboost as xgb, lightgbm as lgb, keras, tensorflow as tf, numpy as np"
    before = "found = {}\ncourse = keras.callbacks.History()\nmodel = keras.Sequential()\nweight = tf.Variable(1.0)"
    before += "\noptimizer = keras.optimizers.SGD()"
    assert matters(cell, before=before, train=f"#| train\nprint({what})", imports=imports)


SEEDED = "import torch\nimport numpy as np\ntorch.manual_seed(0)"


@pytest.mark.parametrize(
    ("body", "needed"),
    [
        ("    torch.manual_seed(seed)\n    return torch.rand(1)", []),
        ("    if seed:\n        torch.manual_seed(seed)\n    return torch.rand(1)", [2]),
        ("    if seed:\n        return 1\n    torch.manual_seed(seed)\n    return torch.rand(1)", [2]),
        ("    return torch.rand(1)\n    torch.manual_seed(seed)", [2]),
        ("    torch.manual_seed(seed)\n    yield torch.rand(1)", [2]),
    ],
)
def test_who_draws_after_a_function_that_surely_seeds_needs_no_earlier_draws(body: str, needed: list[int]) -> None:
    cells = (SEEDED, f"def run(seed):\n{body}", "torch.rand(1)", "#| train\nlist(run(1))\ntorch.rand(1)")
    assert kept(*cells) == [0, 1, *needed, 3]


def test_methods_and_classes_that_surely_seed_count_as_functions_do() -> None:
    made = "class Run:\n    def __init__(self): torch.manual_seed(1)\n    def draw(self): return torch.rand(1)"
    assert kept(SEEDED, made, "torch.rand(1)", "#| train\nRun().draw()") == [0, 1, 3]
    made = "class Run:\n    def draw(self):\n        torch.manual_seed(1)\n        return torch.rand(1)\nrun = Run()"
    assert kept(SEEDED, made, "torch.rand(1)", "#| train\nrun.draw()") == [0, 1, 3]


def test_seeds_that_training_sets_for_itself_are_no_business_of_others() -> None:
    run = "def run(seed):\n    torch.manual_seed(seed)\n    return torch.rand(1)"
    assert kept(SEEDED, run, "run(1)", "#| train\nrun(2)") == [0, 1, 3]
    seed = "def seed(number):\n    np.random.seed(number)\n    torch.manual_seed(number)"
    assert kept(SEEDED, seed, "seed(1)", "#| train\nfit(np)") == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("imports", "make", "look", "is_kept"),
    [
        ("import skorch", "m = skorch.NeuralNetClassifier(None)", "cross(m)", True),
        (
            "from sklearn.pipeline import Pipeline\nimport skorch",
            "m = Pipeline([skorch.NeuralNet(0)])",
            "m.score()",
            True,
        ),
        ("from fastai.vision.all import *", "m = vision_learner(0)", "m.show_results()", True),
        ("from fastai.vision.all import *", "m = vision_learner(0)", "m.lr_find()", True),
        ("from sklearn import metrics", "m = 0", "metrics.silhouette_score(m, m, sample_size=3)", True),
        ("from sklearn import metrics", "m = 0", "metrics.silhouette_score(m, m)", False),
        ("from sklearn.cluster import spectral_clustering", "m = 0", "spectral_clustering(m)", True),
    ],
)
def test_what_draws_behind_a_library_is_kept(imports: str, make: str, look: str, *, is_kept: bool) -> None:
    cells = (f"import torch\nimport numpy as np\n{imports}", make, f"def cross(net): return net.fit()\n{look}")
    assert (2 in kept(*cells, "#| train\nprint(torch.rand(1), np.random.rand(1))")) == is_kept


def test_a_seed_set_by_a_library_with_loaders_sets_every_generator() -> None:
    cells = ("from fastai.vision.all import *\nimport numpy as np", "np.random.rand()", "set_seed(1)")
    assert kept(*cells, "#| train\nnp.random.rand()") == [0, 2, 3]


@pytest.mark.parametrize("method", ["evaluate", "predict"])
def test_trainers_write_down_what_they_were_asked(method: str) -> None:
    cells = ("from transformers import Trainer", "t = Trainer()", f"t.{method}()", "#| train\nt.train()")
    assert kept(*cells) == [0, 1, 2, 3]


def test_rounds_of_loops_make_the_same_objects() -> None:
    draw = "\n".join(
        f"        ax{n} = plt.subplot(h{n - 1}, rows); h{n} = ax{n}.add(h{n - 1}, rows)" for n in range(1, 9)
    )
    loops = f"h0 = rows = []\nfor a in rows:\n    for b in a:\n{draw}\n        rows, h0, a = h8, rows, h0"
    before = Thing().number
    trace(notebook("import strange as plt", loops))
    assert Thing().number - before < 200


def test_objects_that_different_calls_make_stay_apart() -> None:
    cells = ("def make(): return []", "a, b = make(), make()", "a.append(1)", "#| train\nprint(b)")
    assert kept(*cells) == [0, 1, 3]


def test_what_several_rounds_make_may_be_any_of_it() -> None:
    rows = (
        "pairs = []\nfirst = last = None\nfor n in [1, 2]:\n    pair = ([], n)\n    first, last = first or pair, pair"
    )
    assert kept(rows, "last[0].append(1)", "#| train\nprint(first)") == [0, 1, 2]


def test_yields_give_what_they_name() -> None:
    cells = ("a, b = [[1]], [2]", "def both():\n    yield a\n    yield from [b]", "for each in both(): each.append(1)")
    assert kept(*cells, "#| train\nprint(a)") == [0, 1, 2, 3]
    assert kept(*cells, "#| train\nprint(b)") == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "read", ["lgb.Booster(model_file='m.txt')", "strange.load('m.txt')", "strange.load(path=where)"]
)
def test_who_names_a_file_that_a_cell_wrote_reads_it(read: str) -> None:
    cells = ("import lightgbm as lgb, strange\nwhere = 'm.txt'", "open('m.txt', 'w').write('1')", "open('n.txt', 'w')")
    assert kept(*cells, f"#| train\nm = {read}") == [0, 1, 3]
