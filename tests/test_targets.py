import pytest

from alekseylearn.notebook import Cell, Notebook
from alekseylearn.targets import find_targets
from tests.strategies import notebook


def targets(*cells: str) -> dict[int, str]:
    return {target.cell: target.kind for target in find_targets(notebook(*cells))}


def reasons(*cells: str) -> dict[int, str]:
    return {target.cell: target.reason for target in find_targets(notebook(*cells))}


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (("from sklearn.svm import SVC", "SVC().fit(X, y)"), "calls `SVC().fit`"),
        (("from sklearn.svm import SVC", "m = SVC()\nm.fit(X, y)"), "calls `m.fit`"),
        (("from sklearn.cluster import KMeans", "labels = KMeans().fit_predict(X)"), "calls `KMeans().fit_predict`"),
        (("from sklearn.linear_model import *", "m = Ridge()\nm.fit(X, y)"), "calls `m.fit`"),
        (
            (
                (
                    "from sklearn.pipeline import make_pipeline as mp\n"
                    "from sklearn.preprocessing import StandardScaler as S\nfrom sklearn.svm import SVC"
                ),
                "p = mp(S(), SVC())\np.fit(X)",
            ),
            "calls `p.fit`",
        ),
        (
            (
                "from sklearn.model_selection import GridSearchCV\nfrom sklearn.svm import SVC",
                "g = GridSearchCV(SVC(), {})\ng.fit(X)",
            ),
            "calls `g.fit`",
        ),
        (("from sklearn.model_selection import cross_val_score as cvs", "cvs(m, X)"), "calls `cvs`"),
        (("import statsmodels.api as sm", "r = sm.OLS(y, X).fit()"), "calls `sm.OLS().fit`"),
        (("import xgboost as xgb", "b = xgb.train(params, d)"), "calls `xgb.train`"),
        (("import lightgbm as lgb", "b = lgb.cv(params, d)"), "calls `lgb.cv`"),
        (("m = make()", "m.partial_fit(X)"), "calls `m.partial_fit`"),
        (("learn = make()", "learn.fit_one_cycle(3)"), "calls `learn.fit_one_cycle`"),
        (("learn = make()", "learn.fine_tune(3)"), "calls `learn.fine_tune`"),
        (("from transformers import Trainer", "t = Trainer()\nt.train()"), "calls `t.train`"),
        (("trainer = make()", "trainer.train()"), "calls `trainer.train`"),
        (("from ultralytics import YOLO", "m = YOLO('x.pt')\nm.train(data='a')"), "calls `m.train`"),
        (("agent = PPO('x', env)", "agent.learn(1000)"), "calls `agent.learn`"),
        (("import ours", "ours.train(data)"), "calls `ours.train`"),
        (("from ours import fit", "fit(data)"), "calls `fit`"),
        (("x = 1", "loss = net(x)\nloss.backward()"), "calls `loss.backward`"),
        (("x = 1", "optimizer.apply_gradients(g)"), "calls `optimizer.apply_gradients`"),
        (("def fit_all(m):\n    m.fit(X, y)", "fit_all(model)"), "calls `fit_all`, which calls `m.fit`"),
        (
            ("def inner():\n    loss.backward()\ndef outer():\n    inner()", "outer()"),
            "calls `outer`, which calls `loss.backward`",
        ),
        (
            ("class Runner:\n    def go(self):\n        self.m.fit(X)", "Runner().go()"),
            "calls `go`, which calls `self.m.fit`",
        ),
        (
            ("def objective(t): return make(t).fit(X)", "study.optimize(objective, 3)"),
            "calls `objective`, which calls `make().fit`",
        ),
        (("w = 1", "for epoch in range(epochs):\n    w -= f(w)"), "looks like a training loop over `epochs`"),
        (
            ("def descend(w):\n    for step in range(9):\n        w -= f(w)\n    return w", "w = descend(w)"),
            "looks like a training loop over `step`",
        ),
    ],
)
def test_cells_that_train_are_found(cells: tuple[str, ...], reason: str) -> None:
    assert reasons(*cells) == {1: f"trains: {reason}"}


@pytest.mark.parametrize(
    "cell",
    [
        "from sklearn.preprocessing import StandardScaler\ns = StandardScaler()\ns.fit(X)",
        "from sklearn.preprocessing import StandardScaler\nX = StandardScaler().fit_transform(X)",
        "from sklearn.feature_extraction.text import TfidfVectorizer as T\nT().fit(X)",
        "from sklearn.pipeline import Pipeline\nfrom sklearn.decomposition import PCA\nPipeline([('a', PCA())]).fit(X)",
        "from ours import TextPreprocessor\nTextPreprocessor().fit(X)",
        "class MyScaler:\n    pass\nMyScaler().fit(X)",
        "scaler.fit(X)",
        "minmaxscaler.fit(X)",
        "label_encoder.fit(X)",
        "self.tfidf.fit(X)",
        "net.train()",
        "net.train(False)",
        "net.train(True)",
        "net.learn(3)",
        "def train(m):\n    m.fit(X)",
        "import numpy as np\nnp.fit(X)",
        "X_train = X[:3]",
        "for epoch in range(3): print(epoch)",
    ],
)
def test_cells_that_prepare_or_look_do_not_train(cell: str) -> None:
    assert targets(cell) == {}


FITTED = "from sklearn.svm import SVC\nm = SVC().fit(X, y)"


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("m.score(X, y)", "calls `m.score`"),
        (
            "from sklearn.metrics import accuracy_score\nprint(accuracy_score(y, m.predict(X)))",
            "calls `accuracy_score`",
        ),
        ("from sklearn import metrics\nmetrics.f1_score(y, m.predict(X))", "calls `metrics.f1_score`"),
        ("m.evaluate(X)", "calls `m.evaluate`"),
        ("my_own_error(m)", "calls `my_own_error`"),
        ("val_acc = (m.predict(X) == y).mean()", "`val_acc`"),
        ("m; loss", "`loss`"),
        ("print(m, test_acc)", "`test_acc`"),
        ("round(rmse(m), 2)", "calls `rmse`"),
        ("acc = 1\nprint('accuracy', acc, m)", "`acc`"),
        ("x = m\n{'f1': test_f1, 'm': x}", "`test_f1`"),
        ("def check(a): return a.score(X)\ncheck(m)", "calls `check`, which calls `a.score`"),
    ],
)
def test_cells_that_measure_what_was_trained_are_found(cell: str, reason: str) -> None:
    assert reasons(FITTED, cell)[1] == f"measures the trained model: {reason}"
    assert targets(FITTED, cell)[1] == "metrics"


@pytest.mark.parametrize(
    "cell",
    [
        "m.predict(X)[:5]",
        "m.coef_",
        "from sklearn.metrics import ConfusionMatrixDisplay\nConfusionMatrixDisplay.from_estimator(m, X, y)",
        "import matplotlib.pyplot as plt\nplt.plot(m.coef_)",
        "plt.title(m.loss)",
        "accuracy_score(y, y)",
        "show(m, accuracy)",
        "del m",
        "# nothing",
        "x, y = m, 1",
        "def plot_scores(a): draw(a.score(X))\nplot_scores(m)",
    ],
)
def test_cells_that_only_show_are_no_targets(cell: str) -> None:
    assert targets("from sklearn.metrics import accuracy_score", FITTED, cell) == {1: "train"}


def test_what_is_measured_before_training_does_not_count() -> None:
    assert targets("m.score(X, y)", "m.fit(X, y)", "p = m.predict(X)", "(p == y).mean(); accuracy") == {
        1: "train",
        3: "metrics",
    }


def test_marks_decide_where_there_are_any() -> None:
    cells = ("m.fit(X)", "#| train\nn.fit(X)", "#| metrics\nprint(n)", "n.score(X)")
    assert reasons(*cells) == {1: "marked `#| train`", 2: "marked `#| metrics`"}


def test_a_mark_of_both_kinds_trains() -> None:
    assert targets("#| train\n#| metrics\nx = 1") == {0: "train"}


def test_tags_are_marks_too() -> None:
    made = Notebook(
        path="n.ipynb",
        cells=(
            Cell(index=0, id="a", kind="code", source="x = 1", tags=frozenset({"train"})),
            Cell(index=1, id="b", kind="code", source="m.fit(X)", tags=frozenset({"skip-execution"})),
            Cell(index=2, id="c", kind="markdown", source="train", tags=frozenset({"train"})),
        ),
    )
    assert [(target.cell, target.id, target.kind) for target in find_targets(made)] == [(0, "a", "train")]


def test_several_models_are_several_targets() -> None:
    cells = ("m = A()\nm.fit(X)", "n = B()\nn.fit(X)", "m.score(X)", "n.score(X)")
    assert targets(*cells) == {0: "train", 1: "train", 2: "metrics", 3: "metrics"}


def test_an_unreadable_cell_is_a_target_where_it_seems_to_train() -> None:
    assert targets("m.fit(X", "m.fit(X)", "plot(") == {0: "train", 1: "train"}
    (found,) = find_targets(notebook("m.fit(X"))
    assert found.reason == "seems to train, but is not valid Python"
