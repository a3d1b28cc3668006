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
        (("x = 1", "loss = net(x)\nloss.backward()\nmove.step()"), "calls `loss.backward`"),
        (("x = 1", "optimizer.apply_gradients(g)"), "calls `optimizer.apply_gradients`"),
        (("def fit_all(m):\n    m.fit(X, y)", "fit_all(model)"), "calls `fit_all`, which calls `m.fit`"),
        (
            ("def inner():\n    loss.backward()\n    go.step()\ndef outer():\n    inner()", "outer()"),
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
            "calls `descend`, which looks like a training loop over `step`",
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


@pytest.mark.parametrize(
    "cells",
    [
        ("import statsmodels.formula.api as smf\nr = smf.ols('y ~ x', df).fit()",),
        ("from prophet import Prophet\nm = Prophet()\nm.fit(df)",),
        ("from gensim.models import Word2Vec", "w2v = Word2Vec(sentences, vector_size=50)"),
        ("from gensim.models import LdaModel", "lda = LdaModel(corpus=bow, id2word=d)"),
        ("import pymc as pm", "with pm.Model() as model:\n    a = pm.Normal('a')\n    trace = pm.sample(500)"),
        ("from stable_baselines3 import PPO", "model = PPO('MlpPolicy', env)\nmodel.learn(total_timesteps=1000)"),
        (
            "import optuna\ndef objective(trial):\n    m = SVC(C=trial.suggest_float('c', 1, 2))\n    return cross_val_score(m, X, y).mean()",
            "study = optuna.create_study()\nstudy.optimize(objective, n_trials=5)",
        ),
        (
            "import optuna\nfrom ours import objective",
            "study = optuna.create_study()\nstudy.optimize(objective, n_trials=5)",
        ),
        ("from ultralytics import YOLO\nmodel = YOLO('n.pt')", "model.train(data='coco.yaml', epochs=3)"),
        ("x=1", "history = model.fit_generator(gen, epochs=3)"),
        (
            "import torch\nopt = torch.optim.LBFGS(net.parameters())",
            "def closure():\n    opt.zero_grad()\n    loss = f(net(x), y)\n    loss.backward()\n    return loss\nfor i in range(10):\n    opt.step(closure)",
        ),
        (
            "from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler\nfrom sklearn.svm import SVC",
            "clf = make_pipeline(StandardScaler(), SVC()).fit(X, y)",
        ),
        ("from sklearn.svm import SVC", "p = SVC().fit(X, y).predict(Z)"),
        (
            "from functools import partial\ndef fit_one(m, X): return m.fit(X)",
            "fit = partial(fit_one, X=X)\nmodels = [fit(m) for m in ms]",
        ),
        (
            "def fit_rf(X): return RF().fit(X)\ndef fit_lr(X): return LR().fit(X)\nFITTERS = {'rf': fit_rf, 'lr': fit_lr}",
            "m = FITTERS['rf'](X)",
        ),
        (
            "def fit_rf(X): return RF().fit(X)\nFITTERS = {'rf': fit_rf}",
            "for name, fitter in FITTERS.items():\n    fitted[name] = fitter(X)",
        ),
        (
            "from multiprocessing import Pool\ndef work(k): return SVC(k).fit(X, y)",
            "with Pool(2) as pool:\n    out = pool.map(work, [1, 2])",
        ),
        (
            "from joblib import Parallel, delayed\ndef work(k): return SVC(k).fit(X, y)",
            "out = Parallel(2)(delayed(work)(k) for k in ks)",
        ),
        ("import mlflow\ndef train():\n    m.fit(X, y)", "with mlflow.start_run():\n    train()"),
        (
            "import asyncio\nasync def train():\n    m.fit(X, y)\nasync def main():\n    await train()",
            "asyncio.run(main())",
        ),
        ("async def train():\n    m.fit(X, y)", "await train()"),
        ("import numpy as np", "beta, *_ = np.linalg.lstsq(X, y, rcond=None)"),
        ("import numpy as np", "w = np.linalg.inv(X.T @ X) @ X.T @ y"),
        ("import numpy as np", "w = np.linalg.pinv(X) @ y"),
        ("import numpy as np", "w = np.linalg.solve(X.T @ X + lam * np.eye(3), X.T @ y)"),
        ("import numpy as np", "coef = np.polyfit(x, y, 2)"),
        ("from scipy.optimize import curve_fit", "popt, _ = curve_fit(f, x, y)"),
        (
            "import tensorflow as tf\nopt = tf.keras.optimizers.Adam()",
            "for x, y in ds:\n    with tf.GradientTape() as tape:\n        l = f(m(x), y)\n    g = tape.gradient(l, m.trainable_variables)\n    opt.apply_gradients(zip(g, m.trainable_variables))",
        ),
        ("import tensorflow as tf\nopt = tf.keras.optimizers.Adam()", "opt.minimize(loss, [w])"),
        (
            "import jax",
            "for i in range(100):\n    grads = jax.grad(loss)(params)\n    params = jax.tree.map(lambda p, g: p - 0.1 * g, params, grads)",
        ),
        (
            "import jax, optax\n@jax.jit\ndef step(params, s):\n    g = jax.grad(loss)(params)\n    u, s = tx.update(g, s)\n    return optax.apply_updates(params, u), s",
            "for _ in range(10):\n    params, s = step(params, s)",
        ),
        (
            "import jax\ndef step(params):\n    g = jax.grad(loss)(params)\n    return params - 0.1 * g",
            "params = step(params)",
        ),
        (
            "import numpy as np",
            "for i in range(1000):\n    i = rng.integers(n)\n    err = X[i] @ w - y[i]\n    w -= lr * err * X[i]",
        ),
        ("import numpy as np", "for _ in range(100):\n    g = X.T @ (X @ w - y) / len(y)\n    w = w - lr * g"),
        (
            "import torch",
            "for i in range(100):\n    loss = ((X @ w - y) ** 2).mean()\n    loss.backward()\n    with torch.no_grad():\n        w -= 0.1 * w.grad\n        w.grad.zero_()",
        ),
        (
            "import torch\nw = torch.zeros(3, requires_grad=True)",
            "loss = f(w)\nloss.backward()\nw.data.sub_(0.1 * w.grad)",
        ),
        (
            "from accelerate import Accelerator\nacc = Accelerator()",
            "for b in dl:\n    acc.backward(m(b).loss)\n    optimizer.step()",
        ),
        (
            "import torch\nmodel = torch.compile(Net())\nopt = torch.optim.SGD(model.parameters(), 0.1)",
            "for x, y in dl:\n    f(model(x), y).backward()\n    opt.step()",
        ),
        ("import spacy\nnlp = spacy.blank('en')", "for i in range(5):\n    nlp.update(examples, sgd=optimizer)"),
        ("import fasttext", "m = fasttext.train_supervised('a.txt')"),
        (
            "import pyro\nfrom pyro.infer import SVI\nsvi = SVI(model, guide, opt, loss)",
            "for i in range(5):\n    svi.step(x)",
        ),
        ("from surprise import SVD", "algo = SVD()\nalgo.fit(trainset)"),
        ("from implicit.als import AlternatingLeastSquares as ALS", "m = ALS(factors=8)\nm.fit(mat)"),
        ("from skorch import NeuralNetClassifier", "net = NeuralNetClassifier(M)\nnet.fit(X, y)"),
        (
            "class Trainer:\n    def __init__(self, m): self.m = m\n    def fit_epoch(self):\n        for b in dl:\n            self.opt.zero_grad()\n            f(self.m(b)).backward()\n            self.opt.step()\n    def run(self, n):\n        for e in range(n):\n            self.fit_epoch()\nt = Trainer(m)",
            "t.run(3)",
        ),
        (
            "class Base:\n    def train_all(self):\n        self.model.fit(X)\nclass Sub(Base):\n    def go(self):\n        super().train_all()",
            "Sub().go()",
        ),
        ("x=1", "!python train.py --epochs 3"),
        ("x=1", "%%bash\npython scripts/train_model.py"),
        ("%%writefile fitit.py\nfrom sklearn.svm import SVC\nm = SVC()\nm.fit(X, y)", "%run fitit.py"),
        ("%%writefile tools.py\ndef go(m, X):\n    m.fit(X)", "from tools import go\ngo(m, X)"),
        ("%%writefile tools.py\ndef go(m, X):\n    m.fit(X)", "import tools\ntools.go(m, X)"),
        ("from local_models import train_model", "train_model(X, y)"),
        ("import local_models", "local_models.fit_all(X, y)"),
        ("import keras_tuner as kt\ntuner = kt.RandomSearch(build)", "tuner.search(X, y)"),
        (
            "from sklearn.decomposition import LatentDirichletAllocation",
            "lda = LatentDirichletAllocation(5)\nlda.fit(X)",
        ),
        ("import threading\ndef work(): m.fit(X)", "threading.Thread(target=work).start()"),
        ("from transformers import Trainer", "Trainer(model=m, args=a).train()"),
        ("import pmdarima as pm", "m = pm.auto_arima(y)"),
        ("import lightning as L", "trainer = L.Trainer()\ntrainer.fit(net, dm)"),
        (
            "def run_epoch(dl, train=True):\n    for b in dl:\n        loss = f(b)\n        if train:\n            loss.backward()\n            opt.step()",
            "run_epoch(dl)",
        ),
        (
            "def run_epoch(dl, opt=None):\n    for b in dl:\n        loss = f(b)\n        if opt is not None:\n            opt.zero_grad(); loss.backward(); opt.step()",
            "run_epoch(dl, opt)",
        ),
        (
            "from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin\nclass M(BaseEstimator, TransformerMixin, RegressorMixin):\n    def fit(self, X, y): return self",
            "M().fit(X, y)",
        ),
        ("Q = {}", "for s in range(10):\n    Q[s, a] = Q[s, a] + alpha * (r + gamma * max(Q[s2]) - Q[s, a])"),
        ("from fastai.vision.all import *", "learn = vision_learner(dls, resnet18)\nlearn.fine_tune(2)"),
    ],
)
def test_what_trains_in_many_libraries_and_shapes_is_found(cells: tuple[str, ...]) -> None:
    assert targets(*cells) == {len(cells) - 1: "train"}


@pytest.mark.parametrize(
    "cell",
    [
        "from tokenizers import Tokenizer\ntok = Tokenizer(m)\ntok.train_from_iterator(texts, t)",
        "from tokenizers import Tokenizer\ntok = Tokenizer(m)\ntok.train(files, trainer)",
        "import sentencepiece as spm\nspm.SentencePieceTrainer.train(input='a.txt')",
        "from sklearn.base import TransformerMixin\nclass D(TransformerMixin):\n    def fit(self, X): return self\nD().fit(X)",
        "from imblearn.over_sampling import SMOTE\nX, y = SMOTE().fit_resample(X, y)",
        "x.requires_grad_(True)\nout = net(x)\nout.sum().backward()\nsal = x.grad.abs()",
        "from scipy import stats\nmu, sd = stats.norm.fit(x)",
        "from scipy import stats\ndist = stats.gamma\ndist.fit(x)",
        "import numpy as np, matplotlib.pyplot as plt\nz = np.polyfit(x, y, 1)\nplt.plot(x, np.polyval(z, x))",
        "from tensorflow.keras.preprocessing.text import Tokenizer\ntok = Tokenizer()\ntok.fit_on_texts(texts)",
        "from tensorflow.keras.layers import TextVectorization\nv = TextVectorization()\nv.adapt(ds)",
        "from sklearn.preprocessing import LabelEncoder\nle = LabelEncoder().fit(y)",
        "from sklearn.manifold import TSNE\nplt.scatter(*TSNE(2).fit(X).embedding_.T)",
        "study.best_params",
        "import torch\nm.load_state_dict(torch.load('a.pt'))",
        "model.train()\nout = model(x)",
        "model.train(mode)",
        "model.train(mode=True)",
        "model.train(phase == 'train')",
        "from functools import partial\ndef fit_one(m): m.fit(X)\nf = partial(fit_one)",
        "def train(): m.fit(X)\nFITTERS = {'a': train}",
        "import jax\ndef step(p): return p - jax.grad(loss)(p)\nstep = jax.jit(step)",
        "def train(): m.fit(X)\nhelp(train)\nprint(train)",
        "class T:\n    def __init__(self): self.m = SVC()\n    def fit(self): self.m.fit(X)\n    def report(self): return self.m\nt = T()\nt.report()",
        "from ours import train_test_split, train_loader\na, b = train_test_split(X)\nfor b in train_loader(3): pass",
        "def run_epoch(dl, train=True):\n    for b in dl:\n        loss = f(b)\n        if train:\n            loss.backward()\n            opt.step()\nrun_epoch(dl, train=False)",
        "def run_epoch(dl, opt=None):\n    training = opt is not None\n    for b in dl:\n        loss = f(b)\n        if training:\n            opt.zero_grad(); loss.backward(); opt.step()\nrun_epoch(dl)",
        "def run_epoch(dl, opt):\n    for b in dl:\n        loss = f(b)\n        if opt is None:\n            continue\n        loss.backward(); opt.step()\nrun_epoch(dl, None)",
        "from statsmodels.tsa.seasonal import STL\nSTL(x).fit().plot()",
        "import numpy as np\nx = np.zeros(9)\nfor k in range(1, 9):\n    x[k] = .6 * x[k - 1] + rng.normal()",
        "for i in range(n):\n    v = v - k * x * dt\n    x = x + v * dt",
        "for i in range(9):\n    total += x[i].sum()\n    best = min(best, total)",
        "for i in range(7):\n    p = model.predict(w)\n    w = np.r_[w[1:], p.mean()]",
        "s = env.reset()\nfor _ in range(9):\n    a = pi(s).sum()\n    s, r, d, _ = env.step(a)",
        "scheduler.step()\nenv.step(3)",
        "d = {}\nd.update(a=1)\nopt_args.update(b=2)",
        "datagen = ImageDataGenerator()\ndatagen.fit(X)",
        "!pip install train\n!python download.py",
        "from sklearn.svm import SVC\nclf = SVC()\nparams = {'a': clf.fit}",
        "import numpy as np\nA = np.linalg.inv(B) @ c",
        "import numpy as np\nx = np.linalg.solve(A, b)",
        "from ours import scaler_for\nscaler = scaler_for(X)\nscaler.fit(X)",
        "from sklearn.feature_selection import SelectKBest\nSelectKBest(k=2).fit(X, y)",
    ],
)
def test_what_prepares_looks_or_simulates_does_not_train(cell: str) -> None:
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
