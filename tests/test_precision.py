"""What is left out although it stands between the data and the training: a slice that keeps everything helps nobody."""

from __future__ import annotations

import pytest

from alekseylearn.slicing import backward_slice
from alekseylearn.targets import find_targets
from tests.strategies import notebook

IMPORTS = (
    "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt\nfrom sklearn.linear_model import Ridge"
)
FRAME = "df = pd.DataFrame({'a': [1., 2., 3.], 'b': [2., 1., 0.], 'c': [0., 0., 1.]})"
FIT = "#| train\nmodel = Ridge().fit(df[['a']], df.b)"


def kept(*cells: str) -> list[int]:
    made = notebook(*cells)
    targets = find_targets(made)
    return [reason.cell for reason in backward_slice(made, targets[-1:]).kept]


@pytest.mark.parametrize(
    "look",
    [
        "df.groupby('a')['b'].agg(['mean', 'std'])",
        "[df['b'].autocorr(lag) for lag in range(1, 3)]",
        "df['b'].plot()",
        "df.b.value_counts(normalize=True)",
        "from collections import Counter\nprint(Counter(df.b))\ndf.groupby('a').b.describe()",
        "pd.crosstab(df.a, df.b, normalize='index')",
        "fig, axes = plt.subplots(1, 3)\nfor ax, name in zip(axes.flat, df):\n    ax.hist(df.loc[df.a == 1, name], bins=4)",
        "fig, ax = plt.subplots()\ndf.boxplot(column='a', by='b', ax=ax)\nfig.savefig('overview.png')\nplt.close(fig)",
        "df.corr(numeric_only=True).style.background_gradient()",
        "with pd.option_context('display.max_rows', 5):\n    print(df)",
        "pd.set_option('display.max_columns', None)",
        "np.set_printoptions(precision=3)",
        "plt.style.use('ggplot')",
        "for name, group in df.groupby('a'):\n    plt.scatter(group.a, group.b, label=name)\nplt.legend()",
        "sorted(df.columns)",
        "missing = df.isna().sum()\nmissing[missing > 0].sort_values(ascending=False)",
        "df.nlargest(2, 'a').style.format('{:.2f}')",
        "df.plot.scatter(x='a', y='b')\nplt.show()",
        "assert df.a.notna().all()",
        "print(f'{df.a.mean():.2f} ± {df.a.std():.2f}')",
        "summary = df.describe().T\nsummary['range'] = summary['max'] - summary['min']\nsummary",
        "dict(zip(df.columns, df.dtypes))",
        "df.query('a > 1').b.mean()",
        "df.to_numpy().shape, df.memory_usage(deep=True).sum()",
    ],
)
def test_a_look_at_the_data_is_left_out(look: str) -> None:
    assert kept(IMPORTS, FRAME, look, FIT) == [0, 1, 3]


@pytest.mark.parametrize("draw", ["rng = np.random.default_rng(1)", "rng = np.random.RandomState(1)"])
def test_data_drawn_from_a_generator_is_data_and_no_generator(draw: str) -> None:
    frame = "df = pd.DataFrame({'a': 2 * rng.normal(size=9) + rng.lognormal(1, 1, 9), 'b': rng.integers(0, 2, 9)})"
    frame = frame if "default" in draw else frame.replace("integers", "randint")
    looks = ("df.groupby('b').a.describe()", "df['a'].plot()", "pd.crosstab(df.a, df.b)")
    assert kept(IMPORTS, draw, frame, *looks, FIT) == [0, 1, 2, 6]


@pytest.mark.parametrize(
    "other",
    [
        "first = Ridge().fit(df[['a']], df.b)\nprint(first.score(df[['a']], df.b))",
        (
            "from sklearn.mixture import GaussianMixture\n"
            "[GaussianMixture(n, random_state=0).fit(df).bic(df) for n in (1, 2)]"
        ),
        (
            "from sklearn.ensemble import RandomForestClassifier\nforest = RandomForestClassifier(random_state=0)\n"
            "forest.fit(df, df.c)\nforest.feature_importances_"
        ),
        "from sklearn.model_selection import cross_val_score\nprint(cross_val_score(Ridge(), df, df.b, cv=2).mean())",
        "from sklearn.cluster import KMeans\nlabels = KMeans(2, random_state=0).fit_predict(df)",
        "from sklearn.decomposition import PCA\npoints = PCA(2).fit_transform(df)\nplt.scatter(points[:, 0], points[:, 1])",
        "import statsmodels.api as sm\nols = sm.OLS(df.b, sm.add_constant(df.a)).fit()\nols.summary()",
        "import xgboost as xgb\nbooster = xgb.train({}, xgb.DMatrix(df, label=df.b), 3)",
        "import statsmodels.formula.api as smf\nsmf.ols('b ~ a', data=df).fit().summary()",
        "from sklearn.datasets import load_wine\nwine = load_wine(as_frame=True).frame\nwine.corrwith(df.a).abs()",
        "def compare(model):\n    return model.fit(df, df.b).score(df, df.b)\ncompare(Ridge(2.0))",
    ],
)
def test_another_model_on_the_same_data_is_left_out(other: str) -> None:
    assert kept(IMPORTS, FRAME, other, FIT) == [0, 1, 3]


@pytest.mark.parametrize(
    ("make", "again"),
    [
        ("Ridge()", "model.partial_fit(df, df.b)"),
        ("Forest(warm_start=True)", "model.fit(df, df.b)"),
        ("keras.Sequential([])", "model.fit(df, df.b)"),
    ],
)
def test_what_goes_on_from_where_it_was_does_not_forget(make: str, again: str) -> None:
    imports = f"{IMPORTS}\nimport keras\nfrom sklearn.ensemble import RandomForestRegressor as Forest"
    assert kept(imports, FRAME, f"model = {make}", "model.fit(df, df.c)", f"#| train\n{again}") == [0, 1, 2, 3, 4]


def test_parameters_that_were_set_are_not_forgotten() -> None:
    cells = (IMPORTS, FRAME, "model = Ridge()", "model.set_params(alpha=3)", "#| train\nmodel.fit(df[['a']], df.b)")
    assert kept(*cells) == [0, 1, 2, 3, 4]


def test_a_cell_that_imports_a_name_itself_needs_nobody_elses_import() -> None:
    cells = (
        IMPORTS,
        FRAME,
        "from sklearn.metrics import confusion_matrix\nprint(confusion_matrix([1], [1]))",
        "model = Ridge().fit(df[['a']], df.b)",
        "from sklearn.metrics import r2_score\nr2_score(df.b, model.predict(df[['a']]))",
    )
    assert kept(*cells) == [0, 1, 3, 4]


def test_a_part_of_a_package_needs_the_cell_that_loads_it() -> None:
    cells = ("import scipy", "import scipy.optimize", "#| train\nscipy.optimize.minimize(abs, 3)")
    assert kept(*cells) == [0, 1, 2]


def test_names_of_a_star_import_of_a_known_library_are_known() -> None:
    cells = (
        f"{IMPORTS}\nfrom sklearn.metrics import *",
        FRAME,
        "print(mean_absolute_error(df.b, df.b))",
        FIT,
    )
    assert kept(*cells) == [0, 1, 3]


def test_plots_of_what_an_object_of_the_notebook_collected_are_left_out() -> None:
    cells = (
        f"{IMPORTS}\nnp.random.seed(1)",
        (
            "class Perceptron:\n    def learn(self, X, y):\n        self.w, self.errors = np.zeros(2), []\n"
            "        for x, t in zip(X, y):\n            self.w += t * x\n            self.errors.append(t)"
        ),
        "p = Perceptron()\np.learn(np.random.randn(4, 2), np.ones(4))",
        "plt.bar(range(4), p.errors)",
        "#| train\nweights = np.random.randn(2)",
    )
    assert kept(*cells) == [0, 1, 2, 4]


def test_data_that_a_library_loads_is_only_looked_at() -> None:
    cells = (
        f"{IMPORTS}\nfrom sklearn.datasets import load_wine",
        "X, y = load_wine(return_X_y=True, as_frame=True)",
        "X.corrwith(y).abs().sort_values()",
        "#| train\nmodel = Ridge().fit(X, y)",
    )
    assert kept(*cells) == [0, 1, 3]
