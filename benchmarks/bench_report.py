"""What report.html of a real 50-epoch run weighs, and what writing it costs beside nbconvert's page of the notebook.

Run it with the benchmarks' tools: `python benchmarks/bench_report.py [FOLDER]`; FOLDER keeps the page.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nbconvert
import nbformat

from alekseylearn import evidence
from alekseylearn.analysis import compare_versions
from alekseylearn.cli.place import now, settings_for, workshop
from alekseylearn.git import Git
from alekseylearn.page import render_page
from alekseylearn.pipeline import Order, Story, frame, run
from alekseylearn.report import Outcome
from alekseylearn.workshop import Workshop

EPOCHS = 50
ROUNDS = 7
LARGEST = 500_000
"""Bytes."""
CELLS = (
    """
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import alekseylearn
# %%
rng = np.random.default_rng(7)
X = rng.normal(size=(2000, 12))
y = (X @ rng.normal(size=12) + rng.normal(scale=2.0, size=2000) > 0).astype(float)
customers = pd.DataFrame(X).assign(left=y)
customers.describe().round(2)
# %%
rate = 6.0
batch_size = 100
# %%
def measure(w, part):
    p = np.clip(1 / (1 + np.exp(-X[part] @ w)), 1e-9, 1 - 1e-9)
    loss = -(y[part] * np.log(p) + (1 - y[part]) * np.log(1 - p)).mean()
    return float(loss), float(((p > 0.5) == y[part]).mean())
# %%
w = np.zeros(12)
train, held_out = slice(0, 1500), slice(1500, None)
for epoch in range(EPOCHS):
    for at in range(0, 1500, batch_size):
        part = slice(at, at + batch_size)
        p = 1 / (1 + np.exp(-X[part] @ w))
        w += rate * X[part].T @ (y[part] - p) / batch_size
    for name, part in (("", train), ("val_", held_out)):
        loss, accuracy = measure(w, part)
        alekseylearn.log_metric(f"{name}loss", loss, epoch)
        alekseylearn.log_metric(f"{name}accuracy", accuracy, epoch)
    print(f"epoch {epoch + 1}/EPOCHS val_loss {loss:.4f} val_accuracy {accuracy:.4f}")
# %%
fig, ax = plt.subplots(figsize=(6, 3.5))
ax.bar(range(12), w)
ax.set_title("Weights")
pd.DataFrame({"weight": w}).round(3).T
# %%
val_accuracy = measure(w, held_out)[1]
plt.hist(X[held_out] @ w, bins=40)
val_accuracy
""".strip()
    .replace("EPOCHS", str(EPOCHS))
    .split("\n# %%\n")
)


def notebook(rate: str) -> str:
    """Write the notebook down, with the learning rate *rate*."""
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{index}",
            "metadata": {},
            "source": source.replace("rate = 6.0", f"rate = {rate}"),
            "outputs": [],
            "execution_count": None,
        }
        for index, source in enumerate(CELLS)
    ]
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return json.dumps({"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5})


def make_repository(folder: Path) -> None:
    """Commit the notebook, then edit it on a branch."""
    folder.mkdir()
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "commit.gpgsign=false")

    def git(*words: str) -> None:
        subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)

    git("init", "-b", "main")
    (folder / "requirements.txt").write_text("numpy\npandas\nmatplotlib\n", "utf-8")
    for branch, rate in (("main", "6.0"), ("slower", "0.05")):
        (folder / "churn.ipynb").write_text(notebook(rate), "utf-8")
        git("checkout", "-B", branch)
        git("add", ".")
        git("commit", "-m", branch)


def train(folder: Path) -> tuple[Outcome, Workshop]:
    """Train both sides for real, each in a process of this machine."""
    git = Git.open(folder)
    comparison = compare_versions(
        git, base=git.resolve("main"), head=git.resolve("slower"), base_name="main", head_name="slower"
    )
    settings = settings_for(comparison.head.config, backend=None, parameters={}, smoke=False, timeout=None)
    shop = workshop(folder / ".alekseylearn", comparison.head.config, lambda _: None, dict(os.environ))
    order = Order(settings=settings, frame=replace(frame(comparison, version="bench"), pull=42))
    told: list[Outcome] = []
    started = time.monotonic()
    run(Story(comparison=comparison, shop=shop, order=order), told.append, lambda: (now(), time.monotonic() - started))
    return told[-1], shop


def milliseconds(work: Callable[[], object]) -> float:
    """Return the median of several calls of *work*, after a first one that loads what it needs."""
    work()
    spent = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return 1000 * statistics.median(spent)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        repository = Path(name) / "repository"
        make_repository(repository)
        outcome, shop = train(repository)
        head = outcome.notebooks[0].head
        if head is None or not head.succeeded:
            raise SystemExit(f"the training ended badly: {head}")
        logs, notebooks = evidence.logs(outcome, shop), evidence.notebooks(outcome, shop)
        page = render_page(outcome, logs=logs, notebooks=notebooks)
        if len(sys.argv) > 1:
            Path(sys.argv[1]).write_text(page, "utf-8")
        executed = nbformat.reads(notebooks[head.digest].decode(), as_version=4)
        exporter = nbconvert.HTMLExporter()
        ours = milliseconds(lambda: render_page(outcome, logs=logs, notebooks=notebooks))
        theirs = milliseconds(lambda: exporter.from_notebook_node(executed))
        exported = len(exporter.from_notebook_node(executed)[0].encode())
        size = len(page.encode())
        print(f"report.html of {EPOCHS} epochs, both sides: {size / 1000:.0f} kB ({LARGEST / 1000:.0f} kB at most)")
        figures = sum(len(found) for found in re.findall(r'src="data:[^"]*', page))
        print(f"  its figures: {figures / 1000:.0f} kB")
        print(
            f"  written in {ours:.0f} ms CPU; nbconvert's page of head's notebook alone: {theirs:.0f} ms CPU, ", end=""
        )
        print(f"{exported / 1000:.0f} kB")
        if size > LARGEST:
            raise SystemExit("report.html is larger than it may be")


if __name__ == "__main__":
    main()
