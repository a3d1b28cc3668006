"""One bundle, several places: what comes out does not depend on where it was trained."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.contract.jobs import Site, bundle_of, ended, site_in
from tests.rig.docker.image import SKLEARN

CELLS = (
    """
    import numpy as np
    from sklearn.datasets import make_classification
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import SGDClassifier
    from sklearn.model_selection import train_test_split
    X, y = make_classification(n_samples=400, n_features=12, random_state=3)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=3)
    """,
    """
    import alekseylearn
    model = SGDClassifier(random_state=3)
    for epoch in range(5):
        print(f"Epoch {epoch + 1}/5")
        model.partial_fit(X_train, y_train, classes=[0, 1])
        alekseylearn.log_metric("accuracy", model.score(X_test, y_test), step=epoch)
    """,
    "forest = RandomForestClassifier(n_estimators=20, random_state=3).fit(X_train, y_train)",
)


def test_the_same_bundle_gives_the_same_metrics_and_the_same_model_everywhere(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    bundle, digest = bundle_of(*CELLS)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHON": sys.executable}
    host = request.getfixturevalue("docker_engine").host
    sites = (
        Site(name="process", folder=str(tmp_path), environ=environ),
        Site(
            name="docker",
            folder=str(tmp_path),
            environ={**environ, "DOCKER_HOST": host},
            docker={"image": SKLEARN, "pull": "never"},
        ),
        site_in(request.getfixturevalue("sagemaker_service"), tmp_path),
    )
    here, container, service = (outcome(site, bundle, digest, tmp_path / site.name) for site in sites)
    assert len(here["metrics"]) == 5
    assert {Path(model["path"]).name for model in here["model"]} == {"model.joblib"}
    assert container == here
    assert service == here


def outcome(site: Site, bundle: Any, digest: str, folder: Path) -> dict[str, Any]:
    backend = site.connect()
    job = backend.submit(bundle, name="toy", digest=digest)
    ended(backend, job)
    data = backend.collect(job, folder) / "output" / "data"
    result = json.loads((data / "result.json").read_text())
    metrics = [json.loads(line) for line in (data / "metrics.jsonl").read_text().splitlines()]
    told = {key: result[key] for key in ("state", "model", "params", "failure")}
    cells = [(cell["cell"], cell["state"]) for cell in result["cells"]]
    points = [{key: metric[key] for key in ("name", "value", "step", "cell", "source")} for metric in metrics]
    lines = backend.logs(job).lines
    return {**told, "cells": cells, "metrics": points, "lines": lines, "python": result["environment"]["python"]}
