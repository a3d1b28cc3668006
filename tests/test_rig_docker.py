"""The docker rig keeps its promises: images that run, engines of one's own, nothing left behind."""

from __future__ import annotations

import contextlib
from typing import Any

from tests.rig.docker import image
from tests.rig.docker.engine import Engine

TRAIN = """
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
features, labels = make_classification(random_state=0)
print(LogisticRegression().fit(features, labels).score(features, labels))
"""


def run(engine: Engine, tag: str, *command: str, **options: Any) -> str:
    with contextlib.closing(engine.client()) as client:
        output: bytes = client.containers.run(tag, list(command), remove=True, **options)
        return output.decode()


def test_a_container_runs_the_tests_own_python(docker_engine: Engine) -> None:
    assert run(docker_engine, image.BASE, "python3", "-c", "import ssl, sqlite3; print(6 * 7)") == "42\n"


def test_the_image_trains_a_model_of_scikit_learn(docker_engine: Engine) -> None:
    assert float(run(docker_engine, image.SKLEARN, "python3", "-c", TRAIN)) > 0.9
