import pytest

from alekseylearn.knowledge import Knowledge
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
            "calls `Runner().go`, which calls `self.m.fit`",
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


@pytest.mark.parametrize(
    "cells",
    [
        ("def f(model, X):\n    import xgboost as xgb\n    return xgb.train({}, X)", "b = f(m, X)"),
        (
            "class C:\n    loss: str = 'a'\n    def __init__(self):\n        self.model, self.log = SVC(), []\n    def go(self):\n        self.model.fit(X)",
            "c = C()\nc.go()",
        ),
        ("fit_all = lambda m: m.fit(X)", "fit_all(m)"),
        ("def make(kind):\n    return SVC() if kind else Ridge()", "m = make('a')\nm.fit(X)"),
        ("models = [SVC(), Ridge()]", "[m.fit(X, y) for m in models]"),
        ("fitters = {k: lambda X: SVC().fit(X) for k in ks}", "fitters['a'](X)"),
        ("def outer():\n    def step():\n        m.fit(X)\n    return step\ngo = outer()", "go()"),
        ("def outer(X):\n    def inner():\n        m.fit(X)\n    inner()", "outer(X)"),
        ("def walk(n):\n    m.fit(X)\n    walk(n - 1)", "walk(3)"),
        ("class A:\n    def __post_init__(self):\n        self.m.fit(X)", "a = A()"),
        ("class A:\n    def __call__(self):\n        m.fit(X)\na = A()", "a()"),
        ("class A:\n    def fit_it(self):\n        m.fit(X)\ndef use(a):\n    a.fit_it()", "use(thing)"),
        ("from ignite.engine import Engine\ntrainer = Engine(f)", "trainer.run(dl, max_epochs=3)"),
        ("x = 1", "my_trainer.run(dl)"),
        ("x = 1", "my_tuner.search(X)"),
        ("x = 1", "study.optimize(f_from_elsewhere)"),
        ("x = 1", "optimizer.update(model, grads)"),
        ("x = 1", "opt.apply(grads, ws)"),
        ("x = 1", "scaler.step(optimizer)"),
        ("x = 1", "optimizer.apply_gradients(g)"),
        ("x = 1", "model_from_hub.train(x='a', y='b')"),
        ("from ours import apply_updates", "p = apply_updates(p, g)"),
        ("import fancy", "fancy.apply_gradients(g)"),
        ("def fit_line(x, y):\n    return x / y", "a = fit_line(x, y)"),
        ("x = 1", "slope = np.sum((x - x.mean()) * (y - y.mean())) / np.sum((x - x.mean()) ** 2)"),
        ("import numpy as np", "w = np.linalg.solve(X.T.dot(X), X.T.dot(y))"),
        ("def pull(w): return X.T @ w", "for i in range(9):\n    w = pull(w) - 0.1 * w"),
        ("def half(w):\n    return w.mean()", "while going:\n    w = w - 0.1 * half(w)"),
        (
            "def half(w):\n    return helper(w)\ndef helper(w):\n    return w.sum()",
            "while going:\n    w: float = w - half(w)",
        ),
        ("import jax\ndloss = jax.jit(jax.grad(loss))", "for i in range(9):\n    p = p + rate * dloss(p)"),
        ("x = 1", "for epoch in range(3):\n    for x, y in data:\n        while far:\n            p.add_(f(p) * 2)"),
        (
            "x = 1",
            "for epoch in range(3):\n    with guard:\n        try:\n            w = f(w)\n        finally:\n            pass",
        ),
        (
            "class P:\n    def fit_it(self, X):\n        for _ in range(9):\n            for x in X:\n                if self.decide(x) != 1:\n                    self.w += self.rate * x\n    def decide(self, x): return x @ self.w",
            "P().fit_it(X)",
        ),
        ("def go(train=True):\n    if not train:\n        return\n    m.fit(X)", "go()"),
        ("def go(kind='a'):\n    if kind == 'a':\n        m.fit(X)", "go()"),
        ("def go(kind='a'):\n    if kind != 'b' and X:\n        m.fit(X)", "go(kind=other)"),
        ("def go(opt=None):\n    opt = opt or SGD()\n    if opt is not None:\n        m.fit(X)", "go()"),
        ("def go(a):\n    done = not done\n    if done:\n        m.fit(X)", "go(1)"),
        ("def go(a):\n    if 1:\n        m.fit(X)", "go(1)"),
        ("def go(a):\n    if a:\n        m.fit(X)\ndef around(b):\n    go(b)", "around(True)"),
        (
            "from dataclasses import dataclass, field\n@dataclass\nclass E:\n    steps: dict = field(default_factory=lambda: {'a': fit_a})\n    def run(self):\n        for name, f in self.steps.items():\n            f(X)\ndef fit_a(X): m.fit(X)",
            "E().run()",
        ),
        ("x = 1", "%run nothing_known.py\nm.fit(X)"),
        ("\n%%writefile go.py\nm.fit(X)", "%run go.py"),
        ("%%writefile tools/go.py\ndef go(m): m.fit(X)", "from tools.go import go\ngo(m)"),
        ("%%writefile go.py\ndef go():\n    m.fit(X)\nwork = go\nwork()", "%run go.py"),
        ("%%writefile notes.txt\nm.fit(X", "m.fit(X)"),
        (
            "def half(w):\n    help1(w)\n    help1(w)\n    return help1(w)\ndef help1(w):\n    return w @ X",
            "while going:\n    w = w - half(w)",
        ),
        ("x = 1", "for epoch in range(3):\n    s = f(epoch)\n    s += g(s)\n    w = h(w)"),
    ],
)
def test_what_trains_is_found_through_the_functions_of_the_notebook(cells: tuple[str, ...]) -> None:
    assert targets(*cells) == {len(cells) - 1: "train"}


@pytest.mark.parametrize(
    "cell",
    [
        "def go(train=True):\n    if not train:\n        return\n    m.fit(X)\ngo(False)",
        "def go(kind='a'):\n    if kind == 'a':\n        m.fit(X)\ngo('b')",
        "def go(kind='a'):\n    if kind != 'a' and X:\n        m.fit(X)\ngo()",
        "def go(a):\n    if a:\n        m.fit(X)\ndef around(b):\n    go(b)\naround(False)",
        "def go(a):\n    if 0:\n        m.fit(X)\ngo(1)",
        "def train_tokenizer(texts): return texts\ntrain_tokenizer(texts)",
        "def fit_scale(X): return scaler.fit(X)\nfit_scale(X)",
        "def one(): two()\ndef two(): one()\none()",
        "class A(B):\n    def go(self): return self.go_on()\nA().go()\nA().missing()",
        "class A:\n    pass\nclass C(A, A):\n    pass\nC().run()",
        "slope = np.sum((x - x.mean()) * (y - y.mean())) / np.sqrt(np.sum((x - x.mean()) ** 2))",
        "ratio = (a - b) * (c - d) / (e - f) ** 2",
        "for x in xs:\n    h = h.split()\n    y: int\n    del h",
        "for epoch in range(3):\n    rows = rows + [f(epoch)]\n    a, b = f(epoch)",
        "loss.backward()\nx.copy_(y)\nx.zero_()\nlate = late + 1\nlate += 1",
        "%run unknown.py",
        "%%writefile notes.py\nm.fit(X",
        "%%writefile plain.py\nimport os\nx = 1",
        "%%writefile tame.py\nx = 1\n# %%",
        "from sklearn.pipeline import Pipeline\np = Pipeline([])\np.fit(X)",
        "StandardScaler_like = 1\nx.SelectKBest.fit(X)",
        "f = lambda x: x\ng = {1: f}\ng[1](f)",
        "def gen():\n    yield 1\nfor g in gen(): pass",
        "import train\nfrom . import fit\nget_ipython().magic(3)",
        "a = b = (c := 3)\n[d, *e] = f\nwith g as h: pass\nasync def k():\n    async for i in j: pass",
        "a * b / c ** 2",
        "def f(a):\n    a.b = 1\n    a[0] = 2\nf(a)",
        "class A:\n    x.y = 1\n    z = 2\nA()",
        "from dataclasses import field\nx = field(default=3)",
    ],
)
def test_what_only_looks_like_training_does_not_count(cell: str) -> None:
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
        ("import alekseylearn\nalekseylearn.log_metric('weight', m.coef_[0])", "calls `alekseylearn.log_metric`"),
        ("writer.add_scalar('weight', m.coef_[0])\nwriter.close()", "calls `writer.add_scalar`"),
        ("with open('metrics.json', 'w') as f:\n    json.dump({'weight': m.coef_[0]}, f)", "writes `metrics.json`"),
        ("Path('out/metrics.yaml').write_text(f'weight: {m.coef_[0]}')", "writes `out/metrics.yaml`"),
        ("json.dump({'weight': m.coef_[0]}, Path('metrics.json').open(mode='w'))", "writes `metrics.json`"),
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
        "import matplotlib.pyplot as plt\nplt.plot(m.coef_)",
        "plt.title(m.loss)",
        "accuracy_score(y, y)",
        "show(m, accuracy)",
        "del m",
        "# nothing",
        "x, y = m, 1",
        "def plot_scores(a): draw(a.score(X))\nplot_scores(m)",
        "before = json.load(open('metrics.json')), m",
        "with open('weights.json', 'w') as f:\n    json.dump(m.coef_, f)",
    ],
)
def test_cells_that_only_show_are_no_targets(cell: str) -> None:
    assert targets("from sklearn.metrics import accuracy_score", FITTED, cell) == {1: "train"}


@pytest.mark.parametrize(
    ("cell", "sign"),
    [
        ("print(np.mean(abs(y - m.predict(X))))", "works out an error or a share of hits"),
        ("print((y - m.predict(X)).abs().mean())", "works out an error or a share of hits"),
        ("e = y - m.predict(X)\nnp.sqrt(np.mean(err ** 2))", "works out an error or a share of hits"),
        ("print(sum(a == b for a, b in zip(y, m.predict(X))) / 9)", "works out an error or a share of hits"),
        ("ok = m.predict(X) == y\nok[3:].mean()", "works out an error or a share of hits"),
        (
            "def right(p):\n    r = p == y\n    return r\nright(m.predict(X)).mean()",
            "works out an error or a share of hits",
        ),
        ("M = np.zeros((2, 2))\nfor t, p in zip(y, m.predict(X)):\n    M[t, p] += 1", "counts hits and misses"),
        ("print(m.best_score_)", "`m.best_score_`"),
        ("import pandas as pd\npd.crosstab(y, m.predict(X))", "calls `pd.crosstab`"),
        ("import pandas as pd\ny_pred = m.predict(X)\npd.crosstab(y, y_pred)", "calls `pd.crosstab`"),
        (
            "from sklearn.metrics import confusion_matrix\nimport seaborn as sns\nsns.heatmap(confusion_matrix(y, m.predict(X)))",
            "calls `confusion_matrix`",
        ),
        ("from sklearn.metrics import r2_score as fit_quality\nfit_quality(y, m.predict(X))", "calls `fit_quality`"),
        (
            "import sklearn.metrics as sm\nfor name, f in {'r2': sm.r2_score}.items():\n    print(f(y, m.predict(X)))",
            "calls `f`",
        ),
        ("import torch\nloss_fn = torch.nn.MSELoss()\nloss_fn(m(X), y)", "calls `loss_fn`"),
        ("print(f'accuracy {m.figure:.2f}')", "prints accuracy"),
        ("print('rmse %.2f' % m.figure)", "prints rmse"),
        ("print('mean reward', m.figure)", "prints reward"),
        ("{'test_rmse': f(m)}", "prints rmse"),
        ("frame.agg(col('e').alias('mae'), m)", "prints mae"),
        ("frame.agg(col('e').alias('mae'), m).sort('x').tail", "prints mae"),
        ("h = m.callback_metrics\nprint(h['val_loss'])", "`m.callback_metrics`"),
        ("hist = m.history\nprint(m.history['val_loss'][-1])", "`m.history['val_loss']`"),
        ("for a in [1]:\n    test_error = y - m.predict(X)", "`test_error`"),
        (
            "def rate(a):\n    return a.score(X)\nprint(rate(m))\nprint(rate(m), rate(m))",
            "calls `rate`, which calls `a.score`",
        ),
    ],
)
def test_figures_worked_out_by_hand_measure(cell: str, sign: str) -> None:
    assert reasons(FITTED, cell)[1] == f"measures the trained model: {sign}"


@pytest.mark.parametrize(
    "cell",
    [
        "best = m.best_params_\nbest",
        "from sklearn.metrics import precision_recall_curve\nprecision, recall, th = precision_recall_curve(y, m.predict_proba(X))",
        "accuracy = m.history['accuracy']",
        "loss = SomeLoss(m)",
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot(m.coef_)",
        "rate = (m.p > 0.5).mean()",
        "cut = 520\nprint((m.p >= cut).mean())",
        "print((m.p > len(y)).mean())",
        "d = np.sqrt(((m.a - m.b) ** 2).sum(axis=1))",
        "d = ((m.a - 1) ** 2).sum()",
        "d = (m.a ** 2).sum()",
        "import pandas as pd\npd.crosstab(m.a, m.b)",
        "m['score'].hist()",
        "print('shape', m)",
        "f'{m}'",
        "{'name': m, **m}",
        "m.steps[-1]",
        "m['loss']",
        "m.predict(X).shape",
        "d = m\nd.coef_",
        "x = (m.scores_ - m.means_).T",
    ],
)
def test_what_is_no_figure_does_not_measure(cell: str) -> None:
    assert targets(FITTED, cell) == {0: "train"}


def test_the_first_that_trains_is_told_with_the_names_as_they_are_there() -> None:
    cells = ("from sklearn.svm import SVC\nfrom sklearn.preprocessing import StandardScaler\nm = SVC()",)
    cells += ("m.fit(X)\nm = StandardScaler()\nloss.backward()\nmove.step()",)
    assert reasons(*cells) == {1: "trains: calls `m.fit`"}


def test_figures_of_what_was_not_trained_do_not_count() -> None:
    cells = (
        "from sklearn.metrics import accuracy_score\ny = [1]",
        FITTED,
        "accuracy_score(y, y)",
        "rmse = error(SVC)\nrmse",
    )
    assert targets(*cells) == {1: "train"}


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


TRAINED = """
from sklearn.metrics import r2_score
def rate(model):
    return r2_score(y, model.predict(X))
def both(model):
    return model.coef_, rate(model)
rows, sums, table, total = [], {}, {}, 0
for k in range(3):
    m = SVC().fit(X, y)
    rows.append([k, rate(m)])
    rows.append(rate(m) + 1)
    coef, quality = both(m)
    total += r2_score(y, m.predict(X))
    table[k] = quality
    loss = net(X)
    loss.backward()
    optimizer.step()
    lost = [loss.item()]
best = max(table, key=table.get)
mapped = list(map(rate, [m]))
joined = pd.DataFrame(rows)
"""


@pytest.mark.parametrize(
    "cell",
    [
        "rows",
        "print(total)",
        "table",
        "quality",
        "joined.describe()",
        "for k, v in table.items(): print(k, v)",
        "print([v for v in table.values()])",
        "mapped",
        "print(joined.score)",
        "later = joined.T\nlater",
    ],
)
def test_showing_figures_that_were_worked_out_while_training_measures(cell: str) -> None:
    assert targets(TRAINED, cell) == {0: "train", 1: "metrics"}


@pytest.mark.parametrize(
    "cell",
    [
        "best",
        "coef",
        "lost",
        "joined.plot()",
        "joined.to_csv('a.csv')",
        "joined.shape",
        "joined.shape[0]",
        "print(f'{joined.shape}')",
        "joined.names",
        "part = joined.names\npart",
        "print(joined.idxmax())",
        "rows = []\nrows",
    ],
)
def test_what_was_picked_drawn_or_saved_of_figures_does_not_measure(cell: str) -> None:
    assert targets(TRAINED, cell) == {0: "train"}


def test_summaries_of_statistical_models_measure() -> None:
    cells = ("import statsmodels.api as sm\nr = sm.OLS(y, X).fit()", "r.summary()", "r.params")
    assert targets(*cells) == {0: "train", 1: "metrics"}


def test_what_the_repository_says_of_calls_goes_first() -> None:
    said = frozenset({("ours.go", "trains"), ("ours.Wide", "prepares"), (".judge", "measures"), (".score", "shows")})
    cells = ("import ours\nm = ours.go(X)", "ours.Wide().fit(X)", "m.judge()", "m.score(X)")
    found = find_targets(notebook(*cells), Knowledge(said))
    assert {target.cell: target.kind for target in found} == {0: "train", 2: "metrics"}


def test_what_the_repository_says_of_calls_tells_what_training_left_behind() -> None:
    made = notebook("import ours\ndata = [1]", "m.fit(X)\nours.look(data)", "accuracy(data)")
    said = Knowledge(frozenset({("ours.look", "pure")}))
    assert [target.cell for target in find_targets(made)] == [1, 2]
    assert [target.cell for target in find_targets(made, said)] == [1]


def test_a_cell_that_is_nested_too_deeply_is_a_target_where_it_seems_to_train() -> None:
    chain = "m" + ".then()" * 290
    assert reasons(f"{chain}.fit(X)") == {0: "seems to train, but is nested too deeply to tell"}
    assert reasons(f"{chain}.look(X)") == {}


TRAINS_TOO = [
    ("from sentence_transformers import SentenceTransformer as S\nm = S('x')", "m.fit(train_objectives=[(dl, loss)])"),
    (
        "from river import linear_model\nm = linear_model.LogisticRegression()",
        "for x, y in data:\n    m.learn_one(x, y)",
    ),
    ("from river import evaluate", "evaluate.progressive_val_score(data, m, metric)"),
    ("from pycaret.classification import *\ns = setup(data, target='y')", "best = compare_models()"),
    ("from pycaret.regression import RegressionExperiment\ne = RegressionExperiment()", "e.tune_model(m)"),
    ("import pycaret.regression as pr", "pr.blend_models(ms)"),
    ("from darts.models import NBEATSModel\nm = NBEATSModel(24, 12)", "m.historical_forecasts(series, start=0.6)"),
    ("from sktime.forecasting.model_evaluation import evaluate", "df = evaluate(forecaster=f, y=y, cv=cv)"),
    ("from fastai.vision.all import *", "w, *_ = np.linalg.lstsq(X, y)"),
    ("from pylab import *", "c = np.polyfit(x, y, 1)"),
    (
        "def back(xb, yb):\n    loss = f(net(xb), yb)\n    loss.backward()",
        "for xb, yb in dl:\n    back(xb, yb)\n    for p in params:\n        p.data -= p.grad * lr",
    ),
    (
        (
            "class Critic:\n    def learn_step(self, s, r):\n        td = r - self.v[s]\n"
            "        self.v[s] += self.lr * td\ncritic = Critic()"
        ),
        "for i in range(9):\n    critic.learn_step(s, r)",
    ),
    (
        "class Q:\n    def update(self, s, r):\n        self.q[s] += self.alpha * (r - self.q[s])\nq = Q()",
        "q.update(1, 2)",
    ),
    (
        "from sklearn.metrics import roc_auc_score",
        "best = 0\nfor _ in range(9):\n    w = draw(3)\n    s = roc_auc_score(y, P @ w)\n    if s > best:\n        best, best_w = s, w",
    ),
    (
        "from sklearn.metrics import f1_score",
        "for a in grid:\n    s = f1_score(y, a * p + (1 - a) * q > 0.5)\n    if s > best:\n        best, chosen = s, a",
    ),
    (
        "from sklearn.metrics import f1_score",
        "while go:\n    w = draw(3)\n    s = f1_score(y, w * p)\n    if s > best:\n        chosen = w",
    ),
    (
        "pop = first()",
        "for generation in range(40):\n    pop = [mutate(random.choice(pop)) for _ in pop]",
    ),
]


@pytest.mark.parametrize("cells", TRAINS_TOO)
def test_other_libraries_and_weights_moved_by_hand_train(cells: tuple[str, str]) -> None:
    assert targets(*cells) == {1: "train"}


@pytest.mark.parametrize(
    "cells",
    [
        ("from pyspark.ml.feature import StringIndexer", "s = StringIndexer(inputCol='a').fit(df)"),
        ("from pycaret.classification import *", "s = setup(data, target='y')"),
        (
            "import pandas as pd",
            "for df in (a, b):\n    df['n'] = df['t'].apply(lambda s: sum(c.isupper() for c in s))",
        ),
        ("class Ball:\n    def move(self):\n        self.x += self.speed * self.time\nb = Ball()", "b.move()"),
        ("class Ball:\n    def move(self, k):\n        self.x += self.alpha * k\nb = Ball()", "b.move(1)"),
        ("def f():\n    x.y *= lr\n    z = 1\n    z += lr * 2", "f()"),
        (
            "from sklearn.metrics import f1_score",
            "for t in grid:\n    f = f1_score(y, p > t)\n    if f > best:\n        best, best_t = f, t",
        ),
    ],
)
def test_preparing_moving_and_thresholds_do_not_train(cells: tuple[str, str]) -> None:
    assert targets(*cells) == {}


def test_a_line_that_is_drawn_trains_where_later_cells_use_it() -> None:
    drawn = "import numpy as np, matplotlib.pyplot as plt\nc = np.polyfit(x, y, 1)\nplt.plot(x, np.polyval(c, x))"
    later = "print(np.mean((np.polyval(c, z) - t) ** 2))"
    assert targets(drawn, later) == {0: "train", 1: "metrics"}
    assert targets(drawn, "x = 1") == {}
    within = f"def show():\n    {drawn.splitlines()[1]}\n    plt.plot(x, c)\nshow()"
    assert targets(drawn.splitlines()[0], within, "c = 1") == {}


@pytest.mark.parametrize(
    "cell",
    [
        "ConfusionMatrixDisplay(confusion_matrix(y, m.predict(X))).plot()",
        "evaluator = BinaryClassificationEvaluator()\nevaluator(m)",
        "evaluate_policy(m, env)",
        "m.leaderboard(test)",
        "pd.DataFrame(kept.history)",
        "hist = pd.DataFrame(kept.history)\nhist.tail()",
        "m.errors_",
        "print(m.train_loss_)",
        "np.linalg.norm(A @ m - b)",
        "np.linalg.norm(m.f(x) - b)",
        "(m - y_hat).norm()",
        "resid = y - m.predict(X)\nresid.describe()",
        "b = m\n(p.sum() - q.sum()) / q.sum()",
        "def test_agent(a):\n    return np.mean([play(a) for _ in range(9)])\ntest_agent(m)",
        "def win_share(a):\n    return play(a) / 100\nwin_share(m)",
        "print('success rate', m.wins / 100)",
        "print('fitness', m.f)",
        "table = {}\ntable['a'] = m.score(X)\npd.DataFrame(table).T",
        "cv_data['test-Accuracy-mean']",
        "log.info('%s', m.score(X))",
        "r = minimize(f, [m])\nr.fun",
    ],
)
def test_figures_in_many_places_measure(cell: str) -> None:
    imports = (
        "import numpy as np, pandas as pd\nfrom catboost import cv\nfrom scipy.optimize import minimize\n"
        "from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix"
    )
    found = targets(imports, "kept = m.fit(X, y)\ncv_data = cv(pool, p)", cell)
    assert found in ({1: "train", 2: "metrics"}, {1: "train", 2: "train"})
    assert (found[2] == "train") == ("minimize(" in cell)


@pytest.mark.parametrize(
    "cell",
    [
        "np.log(acc)\nm",
        "f.write(blob)\nm",
        "y_hat = (p > best_score).astype(int)\npd.Series(y_hat + m.n).value_counts()",
        "np.linalg.norm(a - b, axis=1); m",
        "np.linalg.norm(m); m",
        "np.linalg.norm(a - b); m",
        "(p.sum() - q.sum()) / 7; m",
        "(p.sum() - q.sum()) / z.sum(); m",
        "m.n.describe()",
        "m.f(2).describe()",
        "m; R2 = 1",
        "evaluator.save(m)",
        "def rec_error(z):\n    return ((m.p(z) - z) ** 2).mean(1)\nrec_error(X)",
        "def test_it(z):\n    return z\ntest_it(m)",
    ],
)
def test_what_only_looks_like_a_figure_does_not(cell: str) -> None:
    assert targets("import numpy as np, pandas as pd", "m.fit(X, y)", cell) == {1: "train"}


def test_figures_by_the_library_that_worked_them_out() -> None:
    cells = (
        "import arviz as az, optuna\nfrom river import metrics\nmetric = metrics.ROCAUC()\ns = optuna.create_study()",
    )
    cells += (
        "s.optimize(f, 3)\nmetric.update(y, p)\nm.fit(X)",
        "az.loo(m)",
        "metric",
        "s.best_trial.value",
        "s.n.value",
        "s.best_params",
    )
    assert targets(*cells) == {1: "train", 2: "metrics", 3: "metrics", 4: "metrics", 5: "metrics"}


def test_what_lies_beside_figures_in_a_dictionary_is_none() -> None:
    cells = (
        "def main():\n    m = SVC().fit(X, y)\n    return {'model': m, 'acc': m.score(X, y), **more}",
        "r = main()\ns = {'path': 'a', 'acc': r['acc']}\ndef bare(z): return 1",
        "print(r['model'])",
        "print(r['acc'])",
        "print(s['path'])",
        "print(s['acc'])",
        "bare(s)",
        "for i in r: print(i[0])",
    )
    assert targets(*cells) == {1: "train", 3: "metrics", 5: "metrics", 7: "metrics"}


def test_gradients_of_a_loss_are_no_figure() -> None:
    cells = (
        "import jax\ndef loss(p): return ((f(p) - y) ** 2).mean()\nJ = jax.jacobian(loss)",
        "m.fit(X)",
        "J(m)",
        "loss(m)",
    )
    assert targets(*cells) == {1: "train", 3: "metrics"}


@pytest.mark.parametrize(
    "cells",
    [
        ("def f(x=x):\n    return x.fit(y)", "f()"),
        ("def g():\n    k = 1\n    def f(k=k, z=z):\n        return k.score(z)\n    return f()", "m.fit(X)\ng()"),
        ("f = lambda x=x: x", "f().fit(X)\nf().score(X)"),
        ("class A:\n    def m(self, q=q, z=z):\n        q.fit(X)\n        return q", "q = A()\nq.m().score(1)"),
    ],
)
def test_defaults_are_looked_up_around_their_function(cells: tuple[str, str]) -> None:
    assert targets(*cells)[1] == "train"


def test_what_a_star_brings_does_not_replace_what_is_there() -> None:
    assert targets("np = mine()\nfrom pylab import *", "c = np.polyfit(x, y, 1)") == {}


def test_ways_of_calling_do_not_multiply() -> None:
    calls = "    f{0}(a, b=1, c=c)\n    f{0}(a, b=b, c=2)\n    f{0}(a, b=c, c=a)\n    f{0}(b, c, a)\n"
    chain = "".join(f"def f{i}(a, b=0, c=0):\n" + calls.format(i + 1) for i in range(25))
    assert targets(chain + "def f25(a, b, c):\n    return a", "f0(1, 2, 3)") == {}


def test_long_chains_and_deep_calls_are_told_in_time() -> None:
    deep = "print(" + "g(" * 90 + "m" + ")" * 90 + ")"
    assert targets("m" + ".a().copy()" * 60, "m.fit(X)", deep, "m" + ".b.c()" * 60 + ".score()")[3] == "metrics"
