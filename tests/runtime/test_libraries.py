"""The runtime with real scikit-learn, pandas and matplotlib."""

from __future__ import annotations

import base64

import joblib
import pytest
from sklearn.datasets import load_iris

from .conftest import Make, train

IRIS = """
import pandas as pd
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
X, y = load_iris(return_X_y=True, as_frame=True)
X.describe()
"""


def test_a_scikit_learn_notebook_is_trained_measured_and_kept(bundle: Make) -> None:
    job = bundle(
        IRIS,
        train("model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5))\nmodel.fit(X, y)"),
        "accuracy = model.score(X, y)\naccuracy",
        "model.score(X, y)",
        seed=1,
    ).run()
    assert job.code == 0, job.out
    assert sorted(job.values) == ["accuracy", "score"]
    assert 0.9 < job.values["accuracy"] == job.values["score"] < 1
    features, target = load_iris(return_X_y=True, as_frame=True)
    assert joblib.load(job.model / "model.joblib").score(features, target) == job.values["accuracy"]
    assert set(job.result["environment"]["packages"]) == {"scikit-learn", "pandas"}
    (table,) = job.outputs(10)
    assert "<table" in table.data["text/html"]
    (diagram,) = job.outputs(11)
    assert "sk-container" in diagram.data["text/html"]
    digest = job.result["model"][0]["sha256"]
    (job.model / "model.joblib").unlink()
    assert job.run().result["model"][0]["sha256"] == digest


def test_joblib_workers_run_functions_of_the_notebook(run: Make) -> None:
    job = run(
        "import joblib\ndef work(i):\n    return i * i\n"
        "print(joblib.Parallel(n_jobs=2)(joblib.delayed(work)(i) for i in range(3)))"
    )
    assert job.log == "[0, 1, 4]\n", job.out
    assert job.result["seconds"] < 60


@pytest.mark.parametrize("first", ["", "import IPython", "from IPython.display import display"], ids=str)
def test_figures_do_not_take_the_job_for_a_live_ipython(run: Make, first: str) -> None:
    job = run(f"{first}\nimport matplotlib.pyplot as plt\nplt.figure().canvas.draw()\nprint(plt.get_fignums())")
    assert (job.code, job.log) == (0, "[1]\n"), job.out


def test_the_notebook_gets_its_shell_from_ipython(run: Make) -> None:
    job = run("from IPython import get_ipython\nget_ipython().run_line_magic('time', 'print(3)')")
    assert job.log.startswith("3\n"), job.out


def test_figures_are_stored_where_they_are_shown(run: Make) -> None:
    job = run(
        """
        import matplotlib.pyplot as plt
        print("before")
        plt.plot([1, 2])
        plt.show()
        print("between")
        fig, ax = plt.subplots()
        ax.plot([2, 1]);
        """,
        "fig",
        "ax.set_title('$\\\\broken{'); plt.figure(fig); 1",
    )
    assert job.code == 0, job.out
    kinds = [o.output_type if o.output_type == "stream" else sorted(o.data) for o in job.outputs(10)]
    assert kinds == ["stream", ["image/png", "text/plain"], "stream", ["image/png", "text/plain"]]
    assert base64.b64decode(job.outputs(10)[1].data["image/png"]).startswith(b"\x89PNG")
    assert "image/png" in job.outputs(11)[0].data
    assert job.log == "before\nbetween\n"
