import contextlib
import io
import random
from typing import Any

import pytest
from hypothesis import assume, given, settings

from alekseylearn.knowledge import Knowledge, Rules
from alekseylearn.notebook import Cell, Notebook
from alekseylearn.slicing import Slice, backward_slice
from alekseylearn.targets import Target, find_targets
from tests.strategies import notebook, sources

FIT = "#| train\nmodel = Ridge().fit(X, y)"
IMPORTS = "import numpy as np\nimport pandas as pd\nfrom sklearn.linear_model import Ridge"
DATA = "X, y = np.ones((4, 2)), np.arange(4)"


def cut(*cells: str, **more: Any) -> Slice:
    made = notebook(*cells, **more)
    return backward_slice(made, find_targets(made))


def kept(*cells: str) -> list[int]:
    return [reason.cell for reason in cut(*cells).kept]


def why(found: Slice) -> dict[int, str]:
    return {reason.cell: reason.reason for reason in (*found.kept, *found.dropped)}


# -- what is kept and what is dropped -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param((IMPORTS, DATA, "X.mean()", FIT), [0, 1, 3], id="a look at the data"),
        pytest.param((IMPORTS, DATA, "print(X)\nlen(y)", FIT), [0, 1, 3], id="printing"),
        pytest.param(
            (IMPORTS, "df = pd.read_csv('a.csv')", "df.head()", "df.hist(bins=3)", "X, y = df, df.y", FIT),
            [0, 1, 4, 5],
            id="exploration",
        ),
        pytest.param(
            (
                IMPORTS,
                DATA,
                "import matplotlib.pyplot as plt",
                "fig, ax = plt.subplots()",
                "ax.frob(X)\nplt.show()",
                FIT,
            ),
            [0, 1, 5],
            id="plots",
        ),
        pytest.param(
            (IMPORTS, DATA, "import seaborn as sns\nsns.set_theme()\nsns.heatmap(X)", FIT),
            [0, 1, 3],
            id="settings of plots",
        ),
        pytest.param(
            (IMPORTS, DATA, "import matplotlib as mpl\nmpl.rcParams['font.size'] = 3", FIT),
            [0, 1, 3],
            id="options of plots",
        ),
        pytest.param(
            (IMPORTS, DATA, "other = Ridge().fit(X, y)", "#| train\nm = Ridge().fit(X, y)"), [0, 1, 3], id="a dead end"
        ),
        pytest.param((IMPORTS, DATA, "X = X * 2", "y = y + 1", FIT), [0, 1, 2, 3, 4], id="reassignment"),
        pytest.param((IMPORTS, DATA, "X = np.zeros((4, 2)); y = X[:, 0]", FIT), [0, 2, 3], id="overwritten"),
        pytest.param((IMPORTS, DATA, "X[0] = 5", FIT), [0, 1, 2, 3], id="a subscript is set"),
        pytest.param(
            (
                IMPORTS,
                "df = pd.read_csv('a')",
                "df['z'] = 1",
                "df.drop(columns='q', inplace=True)",
                "df.drop(columns='r')",
                "del df['s']",
                "X, y = df, 1",
                FIT,
            ),
            [0, 1, 2, 3, 5, 6, 7],
            id="a frame is changed in place",
        ),
        pytest.param(
            (
                IMPORTS,
                DATA,
                "params = {}",
                "params['alpha'] = 2",
                "params.get('x')",
                "#| train\nRidge(**params).fit(X, y)",
            ),
            [0, 1, 2, 3, 5],
            id="a dictionary is filled",
        ),
        pytest.param((IMPORTS, DATA, "Z = X", "Z[0] = 1", FIT), [0, 1, 2, 3, 4], id="an alias is changed"),
        pytest.param((IMPORTS, DATA, "Z = X.copy()", "Z[0] = 1", FIT), [0, 1, 4], id="a copy is changed"),
        pytest.param((IMPORTS, DATA, "part = X[:2]", "part *= 2", FIT), [0, 1, 2, 3, 4], id="a view is changed"),
        pytest.param(
            (IMPORTS, DATA, "both = [X, y]", "both[0][0] = 2", FIT), [0, 1, 2, 3, 4], id="a container's item is changed"
        ),
        pytest.param((IMPORTS, DATA, "np.random.shuffle(X)", FIT), [0, 1, 2, 3], id="a function changes its argument"),
        pytest.param((IMPORTS, DATA, "np.add(X, 1, out=X)", FIT), [0, 1, 2, 3], id="a result goes into an argument"),
        pytest.param(
            (IMPORTS, DATA, "import ours\nours.clean(X)", "ours.show(3)", FIT), [0, 1, 2, 3, 4], id="unknown functions"
        ),
        pytest.param(
            (IMPORTS, DATA, "scale = 2", "def prepare(a): return a * scale", "scale = 3", "X = prepare(X)", FIT),
            [0, 1, 3, 4, 5, 6],
            id="a function reads late",
        ),
        pytest.param(
            (IMPORTS, DATA, "def clean(a):\n    a[0] = 1", "clean(X)", FIT),
            [0, 1, 2, 3, 4],
            id="a function of ours changes its argument",
        ),
        pytest.param(
            (IMPORTS, DATA, "def show(a):\n    print(a)", "show(X)", FIT), [0, 1, 4], id="a function of ours only shows"
        ),
        pytest.param(
            (IMPORTS, DATA, "seen = []\ndef note(a):\n    seen.append(a)", "note(X)", "#| train\nRidge().fit(X, seen)"),
            [0, 1, 2, 3, 4],
            id="a function changes a global",
        ),
        pytest.param(
            (IMPORTS, DATA, "def deep(n):\n    return deep(n - 1) if n else X", "X = deep(3)", FIT),
            [0, 1, 2, 3, 4],
            id="recursion",
        ),
        pytest.param(
            (IMPORTS, DATA, "f = lambda a: a + offset", "offset = 1", "X = X.apply(f)", FIT),
            [0, 1, 2, 3, 4, 5],
            id="a lambda",
        ),
        pytest.param(
            (
                IMPORTS,
                DATA,
                "class Model(Ridge):\n    def fit(self, a, b):\n        log.append(a)\n        return self",
                "log = []",
                "#| train\nModel().fit(X, y)",
            ),
            [0, 1, 2, 3, 4],
            id="a class of ours",
        ),
        pytest.param(
            (
                IMPORTS,
                DATA,
                "class Base:\n    def __call__(self, a):\n        a[0] = 1\nclass Step(Base): pass",
                "step = Step()",
                "step(X)",
                FIT,
            ),
            [0, 1, 2, 3, 4, 5],
            id="an instance is called",
        ),
        pytest.param(
            (IMPORTS, DATA, "import functools\n@functools.cache\ndef f(a):\n    a[0] = 1", "f(X)", FIT),
            [0, 1, 2, 3, 4],
            id="a decorated function",
        ),
        pytest.param(
            (IMPORTS, DATA, "it = iter(y)", "first = next(it)", "y = list(it)", FIT),
            [0, 1, 2, 3, 4, 5],
            id="an iterator is used up",
        ),
        pytest.param(
            (
                IMPORTS,
                DATA,
                "rng = np.random.default_rng(0)",
                "noise = rng.normal(size=3)",
                "X = X + rng.normal()",
                FIT,
            ),
            [0, 1, 2, 3, 4, 5],
            id="a generator moves on",
        ),
        pytest.param(
            (IMPORTS, DATA, "for i in range(3): print(i)", "X = X[[i for i in range(4)]]", FIT),
            [0, 1, 3, 4],
            id="loop variables stay apart",
        ),
        pytest.param((IMPORTS, "X = 1", "if X:\n    X = 2", "y = 3", FIT), [0, 1, 2, 3, 4], id="perhaps overwritten"),
        pytest.param((IMPORTS, DATA, "exec('X = 2')", FIT), [0, 1, 2, 3], id="code that cannot be seen"),
        pytest.param(
            (IMPORTS, "df = pd.DataFrame({'x': [1]})", "limit = 1", "X = df.query('x > @limit')", "y = 1", FIT),
            [0, 1, 2, 3, 4, 5],
            id="a query names a variable",
        ),
        pytest.param(
            ("import os.path", "import os", DATA, "import numpy as np", "#| train\nnp.save(os.path.join('a'), X)"),
            [0, 1, 2, 3, 4],
            id="parts of packages",
        ),
    ],
)
def test_a_slice_keeps_what_training_needs(cells: tuple[str, ...], expected: list[int]) -> None:
    assert kept(*cells) == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(
            (
                "import torch",
                "net = torch.nn.Linear(2, 1)",
                "opt = torch.optim.SGD(net.parameters())",
                "loss = net(1)",
                "loss.backward()",
                "opt.step()",
                "#| train\nprint(net)",
            ),
            [0, 1, 2, 3, 4, 5, 6],
            id="an optimizer holds the network",
        ),
        pytest.param(
            (
                "import torch",
                "net = torch.nn.Linear(2, 1)",
                "torch.nn.init.zeros_(net.weight)",
                "net.eval()",
                "#| train\nprint(net)",
            ),
            [0, 1, 2, 3, 4],
            id="a network is switched",
        ),
        pytest.param(
            (
                "from lightning import Trainer",
                "net, data = 1, [2]\nnet = make()",
                "Trainer(max_epochs=1).fit(net, data)",
                "#| train\nprint(net)",
            ),
            [0, 1, 2, 3],
            id="a trainer trains its argument",
        ),
        pytest.param(
            (
                "from sklearn.preprocessing import StandardScaler",
                "X = load()",
                "scaler = StandardScaler()",
                "scaler.fit(X)",
                "scaler.mean_",
                "#| train\nscaler.transform(X)",
            ),
            [0, 1, 2, 3, 5],
            id="a scaler is fitted",
        ),
    ],
)
def test_objects_of_libraries_hold_each_other(cells: tuple[str, ...], expected: list[int]) -> None:
    assert kept(*cells) == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(
            ("import random", "random.seed(1)", "random.random()", "#| train\nx = random.random()"),
            [0, 1, 2, 3],
            id="draws in order",
        ),
        pytest.param(
            ("import random", "random.random()", "random.seed(1)", "#| train\nx = random.random()"),
            [0, 2, 3],
            id="a seed forgets earlier draws",
        ),
        pytest.param(
            ("import random\nimport numpy as np", "np.random.rand()", "#| train\nx = random.random()"),
            [0, 2],
            id="another generator",
        ),
        pytest.param(
            ("from sklearn.svm import LinearSVC", "a = LinearSVC()\na.fit(1, 2)", "#| train\nLinearSVC().fit(1, 2)"),
            [0, 1, 2],
            id="estimators draw",
        ),
        pytest.param(
            (
                "from sklearn.svm import LinearSVC",
                "a = LinearSVC(random_state=1)\na.fit(1, 2)",
                "#| train\nLinearSVC().fit(1, 2)",
            ),
            [0, 2],
            id="estimators with their own state",
        ),
        pytest.param(
            (
                "from sklearn.linear_model import Ridge, LogisticRegression",
                "Ridge(solver='sag').fit(1, 2)",
                "LogisticRegression().fit(1, 2)",
                "#| train\nRidge(solver='sag').fit(1, 2)",
            ),
            [0, 1, 3],
            id="estimators that may draw",
        ),
        pytest.param(
            (
                "from sklearn.model_selection import KFold, train_test_split",
                "a = train_test_split(1)",
                "KFold(shuffle=True).split(1)",
                "KFold().split(1)",
                "KFold(shuffle=True, random_state=1).split(1)",
                "#| train\ntrain_test_split(1)",
            ),
            [0, 1, 2, 5],
            id="splits draw",
        ),
        pytest.param(
            (
                "from torch.utils.data import DataLoader",
                "a = DataLoader([1], shuffle=True)",
                "for x in a: print(x)",
                "#| train\nfor x in a: print(x)",
            ),
            [0, 1, 2, 3],
            id="loaders shuffle",
        ),
        pytest.param(
            (
                "import pandas as pd",
                "df = pd.DataFrame()",
                "df.sample(2)",
                "df.sample(2, random_state=1)",
                "#| train\ndf.sample(3)",
            ),
            [0, 1, 2, 4],
            id="samples",
        ),
        pytest.param(
            ("import torch", "d = torch.distributions.Normal(0, 1)", "d.sample()", "#| train\nd.sample()"),
            [0, 1, 2, 3],
            id="distributions",
        ),
        pytest.param(
            ("from ours import seed_everything", "seed_everything(1)", "#| train\nfit()"),
            [0, 1, 2],
            id="a seed is always kept",
        ),
    ],
)
def test_random_numbers_come_in_the_same_order(cells: tuple[str, ...], expected: list[int]) -> None:
    assert kept(*cells) == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(
            (
                "import pandas as pd",
                "df = load()",
                "df.to_csv('a.csv')",
                "df.to_csv('b.csv')",
                "#| train\nfit(pd.read_csv('a.csv'))",
            ),
            [0, 1, 2, 4],
            id="by name",
        ),
        pytest.param(
            ("import pandas as pd", "p = 'a.csv'", "df = load()", "df.to_csv(p)", "#| train\nfit(pd.read_csv(p))"),
            [0, 1, 2, 3, 4],
            id="by a variable",
        ),
        pytest.param(
            ("from pathlib import Path", "p = Path('a')", "p.write_text('x')", "#| train\nfit(Path('a').read_text())"),
            [0, 1, 2, 3],
            id="by a path",
        ),
        pytest.param(
            ("import joblib, numpy as np", "joblib.dump(1, name())", "#| train\nfit(np.load('a'))"),
            [0, 1, 2],
            id="who knows which",
        ),
        pytest.param(
            ("import numpy as np", "np.save('a', 1)", "np.save('b', 1)", "#| train\nfit(np.load(name()))"),
            [0, 1, 2, 3],
            id="who knows which is read",
        ),
        pytest.param(
            ("with open('a', 'w') as f:\n    f.write('x')", "open('b', mode='a')", "#| train\nfit(open('a').read())"),
            [0, 2],
            id="open",
        ),
        pytest.param(
            ("%%writefile a.json\n{}", "import json", "#| train\njson.load(open('a.json'))"),
            [0, 1, 2],
            id="a file cell",
        ),
    ],
)
def test_files_that_are_written_and_read(cells: tuple[str, ...], expected: list[int]) -> None:
    assert kept(*cells) == expected


@pytest.mark.parametrize(
    "cell",
    [
        "import os\nos.environ['A'] = '1'",
        "import os\nos.makedirs('out', exist_ok=True)",
        "import os\nos.chdir('..')",
        "import sys\nsys.path.append('..')",
        "import sys\nsys.path += ['..']",
        "import warnings\nwarnings.filterwarnings('ignore')",
        "import pandas as pd\npd.set_option('mode.copy_on_write', True)",
        "import decimal\ndecimal.getcontext().prec = 3",
        "import jax\njax.config.update('jax_enable_x64', True)",
        "import numpy as np\nnp.seterr(all='raise')",
        "from tqdm.auto import tqdm\ntqdm.pandas()",
        "import math\nmath.tau = 3",
        "import math\nsetattr(math, 'tau', 3)",
        "import pandas as pd\npd.options.mode.copy_on_write = True",
        "import numpy as np\nnp.random.seed(0)",
        "def seed_all():\n    import random\n    random.seed(3)\nseed_all()",
        "from fastai.vision.all import *",
        "from sklearn.experimental import enable_halving_search_cv",
        "import ours_that_registers",
        "import mlflow\nmlflow.start_run()",
        "import tarfile\nwith tarfile.open('a.tar') as t:\n    t.extractall('b')",
        "from pathlib import Path\nPath('out').mkdir()",
        "!make data",
        "%env A=1",
        "%run setup.py",
        "%pip install lightgbm",
        "%frobnicate",
        "get_ipython().system('make')",
    ],
)
def test_what_changes_the_environment_is_kept(cell: str) -> None:
    assert kept(cell, "unused = 1", "#| train\nfit()") == [0, 2]


@pytest.mark.parametrize(
    "cell",
    [
        "import sys\nsys.version",
        "import time\ntime.sleep(1)",
        "import matplotlib.pyplot as plt\nplt.style.use('ggplot')",
        "import seaborn as sns",
        "%matplotlib inline",
        "# only a comment",
        "display(1)",
        "import logging\nlogging.info('here')",
        "import numpy as np\nnp.ones(3)",
        "import pandas as pd\npd.set_option('display.width', 3)",
        "import pandas as pd\npd.options.display.width = 3",
        "import numpy as np\nnp.set_printoptions(precision=3)",
        "import sklearn\nsklearn.set_config(display='diagram')",
    ],
)
def test_what_training_does_not_feel_is_dropped(cell: str) -> None:
    assert kept(cell, "#| train\nfit()") == [1]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(("import odd as o", "#| train\nfit()"), [0, 1], id="never named"),
        pytest.param(("import odd", "#| train\nfit()", "odd.look()"), [1], id="named where it only shows"),
        pytest.param(("import odd", "def f(): odd.go()", "#| train\nfit()"), [2], id="named in a function"),
        pytest.param(("import odd.part", "#| train\nfit()", "odd.look()"), [1], id="a part of a package"),
    ],
)
def test_an_import_that_no_cell_names_is_kept_for_what_it_does(cells: tuple[str, ...], expected: list[int]) -> None:
    assert kept(*cells) == expected


def test_what_changes_the_environment_says_so() -> None:
    assert why(cut("import os\nos.chdir('..')", FIT))[0] == "changes the working directory"
    assert why(cut("import ours_that_registers", FIT))[0] == "imports something for what the import does"


def test_a_slice_says_of_what_it_is_and_names_each_cell_by_its_id() -> None:
    made = notebook("a = 1", FIT, path="folder/one.ipynb")
    found = backward_slice(made, find_targets(made))
    assert (found.notebook, found.targets) == ("folder/one.ipynb", find_targets(made))
    assert [(reason.cell, reason.id) for reason in (*found.kept, *found.dropped)] == [(1, "cell-1"), (0, "cell-0")]


def test_what_the_repository_says_of_calls_is_believed() -> None:
    made = notebook("import lab\nX = lab.numbers()", "lab.look(X)", "#| train\nfit(X)")
    said = Rules(known=Knowledge(frozenset({("lab.look", "pure")})))
    assert [reason.cell for reason in backward_slice(made, find_targets(made)).kept] == [0, 1, 2]
    assert [reason.cell for reason in backward_slice(made, find_targets(made), said).kept] == [0, 2]


def test_what_comes_after_the_last_target_is_dropped() -> None:
    found = cut(IMPORTS, DATA, FIT, "import os\nos.chdir('/')", "model.coef_")
    assert [reason.cell for reason in found.kept] == [0, 1, 2]
    assert why(found)[3] == "comes after training"
    assert why(found)[4] == "comes after training and only shows it"


# -- marks, reasons, warnings ---------------------------------------------------------------------------------------


def test_marks_win() -> None:
    found = cut("a = 1", "#| keep\nprint(a)", "#| skip\nfit()", "#| train\nfit()", "#| keep\nlast = 1")
    assert [reason.cell for reason in found.kept] == [0, 1, 3, 4]
    assert why(found)[1] == "marked `#| keep`"
    assert why(found)[2] == "marked `#| skip`"


def test_foreign_tags_are_ignored() -> None:
    cells = [Cell(index=0, id="a", kind="code", source="fit()", tags=frozenset({"hide-input", "skip-execution"}))]
    assert find_targets(Notebook(path="n.ipynb", cells=tuple(cells))) == ()


def test_reasons_are_in_the_words_of_data_scientists() -> None:
    found = cut(
        "# %% text\nA story.",
        IMPORTS,
        "a, b, c, d, e = load()\nX = y = [1]",
        "X[0] = 2",
        "np.savez('x.npz', X)",
        "np.random.rand()",
        "sizes = np.random.rand(3), np.load('x.npz')",
        "#| train\nRidge().fit(X, y, sizes, a, b, c, d, e)",
        "",
        "X.plot()",
    )
    assert why(found) == {
        0: "text",
        1: "imports `np`, used by cell 4",
        2: "defines `X`, used by cell 3",
        3: "changes `X` in place, which cell 4 uses",
        4: "writes `x.npz`, which cell 6 reads",
        5: "sets or draws NumPy's random numbers before cell 6 draws",
        6: "defines `sizes`, used by cell 7",
        7: "marked `#| train`",
        8: "empty",
        9: "comes after training and only shows it",
    }


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ("a, b", "`a` and `b`"),
        ("a, b, c, d", "`a`, `b`, `c` and `d`"),
        ("a, b, c, d, e", "`a`, `b`, `c`, `d` and 1 more"),
        ("a, b, c, d, e, f", "`a`, `b`, `c`, `d` and 2 more"),
    ],
)
def test_long_lists_of_names_are_cut(names: str, words: str) -> None:
    found = cut(f"{names} = load()", f"#| train\nfit({names})")
    assert why(found)[0] == f"defines {words}, used by cell 1"


def test_a_cell_that_defines_and_changes_is_kept_for_what_it_defines() -> None:
    found = cut("a = [1]", "b = [1]\na.append(2)", "#| train\nc = a, b")
    assert why(found)[1] == "defines `b`, used by cell 2"


def test_a_part_of_a_package_is_told_by_the_package_and_a_file_by_its_whole_name() -> None:
    assert why(cut("import os.path", "#| train\nos.path.join()"))[0] == "imports `os`, used by cell 1"
    files = cut(
        "import numpy as np", "np.save('a.npy', 1)\nnp.save('b', 1)", "#| train\nnp.load('a.npy'), np.load('b')"
    )
    assert why(files)[1] == "writes `a.npy` and `b`, which cell 2 reads"


def test_what_comes_after_training_shows_what_it_looks_at_even_where_that_was_only_changed_before() -> None:
    found = cut("from ours import *", "X.append(1)", "#| train\nfit(X)", "X", "1 + 1")
    assert why(found)[3] == "comes after training and only shows it"
    assert why(found)[4] == "comes after training"


def test_unread_files_of_unknown_names_are_told() -> None:
    assert why(cut("import numpy as np", "np.save(name(), 1)", "#| train\nnp.load('a')"))[1] == (
        "writes a file, which cell 2 reads"
    )


def test_a_notebook_without_training_keeps_nothing() -> None:
    found = cut("import os\nos.chdir('..')", "a = 1")
    assert found.kept == ()
    assert why(found)[1] == "nothing in this notebook trains"


def test_an_unreadable_cell_keeps_everything_before_training() -> None:
    found = cut("# %% text", "a = 1", "def f(:", "fit_it = 1", "#| skip\nb = 1", "#| train\nfit()", "print(1")
    assert [reason.cell for reason in found.kept] == [1, 2, 3, 5]
    assert found.whole_prefix
    assert why(found)[1] == "comes before training, and cell 2 cannot be read as Python"
    assert why(found)[2] == "cannot be read as Python"
    assert found.warnings[0].startswith("cell 2 cannot be read as Python (line 1: invalid syntax)")


def test_names_that_nobody_defines_are_missing() -> None:
    found = cut("#| train\nmodel.fit(X)\nprint(len(X), __name__, get_ipython(), display)")
    assert found.missing == ("X", "model")
    assert found.warnings == ("cell 0 uses `model`, which no cell defines", "cell 0 uses `X`, which no cell defines")


def test_names_that_only_a_called_function_uses_are_missing_too() -> None:
    assert cut("def f(): return gone", "#| train\nfit(f())").missing == ("fit", "gone")
    assert cut("def f(): return gone", "#| train\nx = f").missing == ()


def test_hidden_state_is_told() -> None:
    found = cut("#| train\nfit = X", "X = 1")
    assert found.warnings == ("cell 0 uses `X` before it is defined: cell 1 defines it, further down",)


def test_what_no_later_cell_defines_is_defined_nowhere() -> None:
    assert cut("#| train\nfit = X", "y = 1").warnings == ("cell 0 uses `X`, which no cell defines",)


def test_a_cell_does_not_define_for_itself_what_it_reads_first() -> None:
    assert cut("#| train\nX = X + 1").warnings == ("cell 0 uses `X`, which no cell defines",)
    assert cut("#| train\nX = X + 1", "X = 2").warnings == (
        "cell 0 uses `X` before it is defined: cell 1 defines it, further down",
    )


def test_a_needed_cell_that_is_skipped_is_told() -> None:
    found = cut("#| skip\nX = 1", "#| train\ny = X")
    assert found.warnings == ("cell 0 is marked `#| skip`, but cell 1 uses `X` from it",)


def test_names_may_come_from_star_imports() -> None:
    found = cut("from fastai.vision.all import *", "#| train\nlearn.fit(1)")
    assert found.missing == ()
    assert found.edges[0].source == 0


def test_cells_that_were_run_in_another_order_are_told() -> None:
    assert cut("a = 1", "#| train\nb = a", counts=(2, 1)).warnings == (
        "the cells were last run in another order than they stand in: cell 1 ran earlier",
    )
    assert cut("a = 1", "print(a)", "#| train\nb = a", counts=(1, 9, 2)).warnings == ()
    assert cut("a = 1", "#| train\nb = a", counts=(None, 2)).warnings == ()
    assert cut("a = 1", "#| train\nb = a", counts=(2, 2)).warnings == ()


def test_edges_tell_who_uses_what() -> None:
    found = cut("a = 1", "b = a", "c = 2", "#| train\nd = b")
    assert [(edge.source, edge.target, edge.name) for edge in found.edges] == [(0, 1, "a"), (1, 3, "b")]


def test_edges_tell_how() -> None:
    found = cut("import random", "random.seed(1)", "a = []", "a.append(1)", "#| train\nb = a, random.random()")
    assert {(edge.source, edge.name, edge.how) for edge in found.edges if edge.target == 4} == {
        (0, "random", "imports"),
        (1, "Python", "random"),
        (2, "a", "defines"),
        (3, "a", "changes"),
    }


def test_what_only_shows_is_told_from_what_is_not_used() -> None:
    found = cut(
        "a = [1]", "print(a)", "b = a * 2", "b", "a[:1]", "c = []", "c.append(a)", "d = c", "# why", "#| train\na"
    )
    assert {item.cell: item.reason for item in found.dropped} == {
        **dict.fromkeys((1, 3, 4), "only shows something"),
        **dict.fromkeys((2, 5, 6, 7, 8), "nothing that is trained uses it"),
    }


def test_a_target_that_is_skipped_is_not_kept() -> None:
    made = notebook("#| skip\nfit()")
    target = Target(cell=0, id="cell-0", kind="train", reason="asked for")
    assert backward_slice(made, (target,)).kept == ()


def test_very_many_calls_are_taken_to_change_everything() -> None:
    calls = "\n".join("look(X)" for _ in range(500))
    assert kept("def look(a): return a", "X = [1]", calls, "#| train\ny = X") == [0, 1, 2, 3]


# -- laws -----------------------------------------------------------------------------------------------------------


def run(cells: list[str]) -> str:
    random.seed(12)
    names: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in cells:
            exec(compile(cell, "cell", "exec"), names)
    return str(names["result"])


@settings(max_examples=300, deadline=None)
@given(sources())
def test_the_slice_alone_gives_what_the_whole_notebook_gives(cells: tuple[str, ...]) -> None:
    try:
        whole = run(list(cells))
    except Exception:
        assume(False)
        raise
    found = cut(*cells)
    assert run([cells[reason.cell] for reason in found.kept]) == whole


@settings(max_examples=60, deadline=None)
@given(sources())
def test_a_slice_is_a_part_of_the_notebook_in_order(cells: tuple[str, ...]) -> None:
    found = cut(*cells)
    indexes = [reason.cell for reason in found.kept]
    assert indexes == sorted(indexes)
    assert sorted((*indexes, *(reason.cell for reason in found.dropped))) == list(range(len(cells)))
    assert cut(*cells, path="another.ipynb").edges == found.edges
    assert all(reason.reason for reason in (*found.kept, *found.dropped))


@settings(max_examples=60, deadline=None)
@given(sources())
def test_slicing_a_slice_changes_nothing(cells: tuple[str, ...]) -> None:
    once = [cells[reason.cell] for reason in cut(*cells).kept]
    assert kept(*once) == list(range(len(once)))


def test_files_behind_attributes_may_be_any() -> None:
    assert kept("import numpy as np", "np.save('a', 1)", "config = load()", "#| train\nnp.load(config.path)") == [
        0,
        1,
        2,
        3,
    ]


def test_attributes_of_builtins_are_nothing_new() -> None:
    assert kept("name = len.__name__", "#| train\nfit(name)") == [0, 1]


# -- seeding anew ---------------------------------------------------------------------------------------------------

DRAWS = ("import numpy as np", "np.random.seed(1)", "noise = np.random.rand(3)", "#| train\nnp.random.rand(3)")


def test_draws_that_nobody_feels_are_dropped_where_each_cell_is_seeded_anew() -> None:
    made = notebook(*DRAWS)
    targets = find_targets(made)
    assert [reason.cell for reason in backward_slice(made, targets).kept] == [0, 1, 2, 3]
    assert [reason.cell for reason in backward_slice(made, targets, Rules(random="reseed")).kept] == [0, 1, 3]


SKLEARN = (
    "import numpy as np\nfrom sklearn.svm import SVC\nfrom sklearn.ensemble import RandomForestClassifier as Forest"
)


@pytest.mark.parametrize(
    ("cell", "is_kept"),
    [
        pytest.param("SVC().fit(X, y)", True, id="an estimator that draws a number for nothing"),
        pytest.param("SVC(random_state=0).fit(X, y)", False, id="with a state of its own"),
        pytest.param("rng = np.random.default_rng(0)\nrng.normal()", False, id="another generator"),
    ],
)
def test_fits_that_move_a_generator_on_are_kept_before_those_that_draw(cell: str, *, is_kept: bool) -> None:
    data = "np.random.seed(0)\nX, y = np.eye(4), np.arange(4)"
    assert kept(SKLEARN, data, cell, "#| train\nForest().fit(X, y)") == [0, 1, *([2] if is_kept else []), 3]


def test_a_fit_that_only_moves_a_generator_on_needs_no_earlier_draws() -> None:
    cells = (SKLEARN, "np.random.seed(0)", "np.random.rand()", "X, y = np.eye(4), np.arange(4)")
    assert kept(*cells, "#| train\nSVC().fit(X, y)") == [0, 1, 3, 4]


TORCH = "import torch\nfrom torch.utils.data import DataLoader\ntorch.manual_seed(0)\nrows = [1, 2]"


@pytest.mark.parametrize(
    ("look", "is_kept"),
    [
        pytest.param("for row in DataLoader(rows): print(row)", True, id="a loader draws a seed for its workers"),
        pytest.param("for row in DataLoader(rows, generator=g): print(row)", False, id="from its own generator"),
        pytest.param("for row in rows: print(row)", False, id="a list does not"),
    ],
)
def test_going_through_a_loader_moves_its_generator_on(look: str, *, is_kept: bool) -> None:
    cells = (TORCH, "g = torch.Generator()", look, "#| train\nnet = torch.nn.Linear(1, 1)")
    assert (2 in kept(*cells)) == is_kept


def test_evaluating_by_libraries_with_loaders_moves_the_generator_on() -> None:
    cells = (
        TORCH,
        "import skorch\nnet = skorch.NeuralNet(None)",
        "net.predict(rows)",
        "#| train\ntorch.nn.Linear(1, 1)",
    )
    assert kept(*cells) == [0, 1, 2, 3]
    assert kept(*cells[:2], "net.fit(rows)", cells[3]) == [0, 1, 2, 3]


def test_shuffling_by_a_generator_of_ones_own_changes_what_is_shuffled() -> None:
    cells = ("import numpy as np\nX = np.arange(4)", "rng = np.random.RandomState(0)", "rng.shuffle(X)")
    assert kept(*cells, "#| train\nprint(X)") == [0, 1, 2, 3]


def test_what_is_registered_for_plots_is_kept() -> None:
    cells = ("import matplotlib.pyplot as plt", "plt.cm.register_cmap(cmap=3)", "#| train\nx = 1")
    assert kept(*cells) == [0, 1, 2]


def test_names_of_several_star_imports_are_known() -> None:
    found = cut(
        "from sklearn.metrics import *", "from fastai.vision.all import *", "df = 1", "np.mean(df)", "#| train\nf(df)"
    )
    assert [reason.cell for reason in found.kept] == [0, 1, 2, 4]
    assert {(edge.source, edge.target) for edge in found.edges} >= {(0, 4), (1, 4)}
