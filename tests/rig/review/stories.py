"""Real pull requests, each run through the action's real steps until its comment is in one of the states it can have.

Nothing is made up: notebooks train with scikit-learn in processes of their own, and a stand-in for GitHub keeps what was
posted. One tale is one pull request; `tell` yields the comment by the tale's name.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.desk import Desk
from tests.fakes.github.server import FakeGitHub
from tests.rig.act import events
from tests.rig.act.consumer import Consumer, Files, git
from tests.small import notebook

CHURN, REVENUE, RETURNS = (f"notebooks/{name}.ipynb" for name in ("churn", "revenue", "returns"))
PATIENCE = 150.0
"""Seconds within which a comment has come, or a training is where it was to come to."""
CONFIG = """\
models:
  churn:
    notebook: notebooks/churn.ipynb
    primary: val_accuracy
    tolerance: 0.005
    gates: {val_accuracy: ">= 0.8"}
"""
# How long an epoch takes is no affair of the notebook's.
PACE = """\
import os
import time


def breathe(epoch):
    if epoch == 7:
        while os.path.exists(HOLD):
            time.sleep(0.05)
    time.sleep(0.02)
"""
IMPORTS = """\
import joblib
from pace import breathe
from sklearn.datasets import make_classification
from sklearn.metrics import f1_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier"""
DATA = """\
customers, churned = make_classification(
    3000, 24, n_informative=8, flip_y=0.06, class_sep=0.8, random_state=7
)
x, x_val, y, y_val = train_test_split(customers, churned, test_size=0.3, random_state=7)"""
NET = """\
net = MLPClassifier(
    hidden_layer_sizes=(8,),
    learning_rate_init=0.002,
    batch_size=batch_size,
    random_state=0,
)"""
TRAIN = """\
history = {'val_accuracy': [], 'loss': []}
for epoch in range(1, epochs + 1):
    net.partial_fit(x, y, classes=[0, 1])
    history['val_accuracy'].append(net.score(x_val, y_val))
    history['loss'].append(net.loss_)
    print(f'Epoch {epoch}/{epochs} val_accuracy {net.score(x_val, y_val):.3f}')
    breathe(epoch)"""
CELLS = (
    ("markdown", "# Who leaves?\n\nA first model of churn."),
    ("code", IMPORTS),
    ("code", DATA),
    ("code", "customers[:3]"),
    ("code", "batch_size = 128\nepochs = 20"),
    ("markdown", "## The network"),
    ("code", NET),
    ("code", TRAIN),
    ("code", "f1_churned = f1_score(y_val, net.predict(x_val))\nf1_churned"),
    ("code", "val_loss = log_loss(y_val, net.predict_proba(x_val))\nval_loss"),
    ("code", "joblib.dump(net, 'model.joblib')"),
    ("code", "for wrong in (net.predict(x_val) != y_val)[:20]:\n    print('.x'[wrong], end='')"),
)
BATCHES, NETWORK, TRAINS, F1, LOSS, PLOT = 4, 6, 7, 8, 9, 11
BETTER = {
    BATCHES: "batch_size = 32\nepochs = 20",
    NETWORK: NET.replace("(8,)", "(24, 8)"),
    PLOT: CELLS[PLOT][1].replace("[:20]", "[:60]"),
}
WORSE = {NETWORK: NET.replace("(8,)", "(4,)")}
AWFUL = {NETWORK: NET.replace("0.002", "0.00005")}
SAME = {TRAINS: TRAIN.replace("classes=[0, 1]", "classes=(0, 1)")}
FAILS = {
    BATCHES: "batch_size = 256\nepochs = 20",
    TRAINS: TRAIN.replace(
        "    net.partial_fit(x, y, classes=[0, 1])",
        "    rows = slice(0, batch_size * (7 - epoch))\n    net.partial_fit(x[rows], y[rows], classes=[0, 1])",
    ),
}
OTHER_TEXT = {0: "# Who leaves?\n\nA second look at churn.", PLOT: BETTER[PLOT]}


def churn(changes: Mapping[int, str] | None = None) -> bytes:
    """Return the notebook with other sources in some cells; a cell without any is left out."""
    cells = [(kind, (changes or {}).get(place, source)) for place, (kind, source) in enumerate(CELLS)]
    return notebook([cell for cell in cells if cell[1]])


@dataclass(slots=True)
class Tale:
    """One pull request in a repository of its own, and the steps that are run for it."""

    folder: Path
    consumer: Consumer
    github: FakeGitHub

    @classmethod
    def begin(cls, folder: Path, github: FakeGitHub, files: Files | None = None) -> Tale:
        """Make the repository with its base branch, *files* beside the ones that every tale has."""
        folder.mkdir(parents=True)
        pace = f"HOLD = {str(folder / 'hold')!r}\n{PACE}"
        base: Files = {CHURN: churn(), "notebooks/pace.py": pace, "alekseylearn.yml": CONFIG, **(files or {})}
        workflow = "on: pull_request\n"
        return cls(folder, Consumer.create(folder, github, base, workflow=workflow, full_name="acme/churn"), github)

    @property
    def comment(self) -> str:
        """The one comment on the pull request; '' while there is none."""
        found = self.consumer.repository.comments(42)
        return found[-1].body if found else ""

    def open(self, files: Files, **more: str) -> None:
        """Open the pull request 42."""
        self.consumer.open_pull(files, number=42, branch="bigger-batches", **more)

    def desk(self, **more: str) -> Desk:
        """Return the checkout with the environment of a step of the action."""
        pull, work = self.consumer.pulls[42], self.consumer.work
        (self.folder / "event.json").write_text(json.dumps(events.pull_request(pull)))
        for name in ("output", "summary"):
            (self.folder / name).write_text("")
        (self.folder / "temp").mkdir(exist_ok=True)
        environ = {
            **os.environ,
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.github.url,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_REPOSITORY": self.consumer.full_name,
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_RUN_ID": "812",
            "GITHUB_RUN_NUMBER": "3",
            "GITHUB_SHA": git(work, "rev-parse", "HEAD"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_WORKSPACE": str(work),
            "INPUT_GITHUB_TOKEN": "ghs_workflow",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "RUNNER_TEMP": str(self.folder / "temp"),
            "RUNNER_TOOL_CACHE": str(self.folder / "tools"),
        }
        return Desk(folder=work, environ={**environ, **more})

    def run(self, **more: str) -> str:
        """Run the action to its end, the upload of its files included, and return the comment."""
        done = self.desk(**more).run("ci", "run")
        link = "https://github.com/acme/churn/actions/runs/812/artifacts/5503"
        self.desk(ALEKSEYLEARN_ARTIFACT_URL=link, ALEKSEYLEARN_OUTCOME="success").run("ci", "finish")
        if not self.comment:
            raise RuntimeError(f"no comment: {done.out}\n{done.err}")
        return self.comment


def tell(folder: Path, *names: str) -> Iterator[tuple[str, str]]:
    """Yield every tale's name and comment, or those of *names*; each has its own folder below *folder*."""
    for name in names or TALES:
        with FakeGitHub() as github:
            yield name, TALES[name](folder / name, github)


def _after(changes: Mapping[int, str], **more: str) -> Callable[[Path, FakeGitHub], str]:
    def tale(folder: Path, github: FakeGitHub) -> str:
        told = Tale.begin(folder, github)
        told.open({CHURN: churn(changes)})
        return told.run(**more)

    return tale


def _running(folder: Path, github: FakeGitHub) -> str:
    """Run a first push to its end, so that the base is known; hold the second one at its seventh epoch."""
    told = Tale.begin(folder, github)
    told.open({CHURN: churn(WORSE)})
    told.run()
    told.consumer.pulls[42].push({CHURN: churn(BETTER)})
    (folder / "hold").touch()
    with told.desk(GITHUB_RUN_NUMBER="4").start("ci", "run") as child:
        _until(lambda: "poch 7" in told.comment, "the seventh epoch")
        comment = told.comment
        (folder / "hold").unlink()
        child.communicate(timeout=PATIENCE)
    return comment


def _history(folder: Path, github: FakeGitHub) -> str:
    """Push three times: a worse one, one that fails, and a better one."""
    told = Tale.begin(folder, github)
    told.open({CHURN: churn(WORSE)})
    told.run()
    for number, changes in ((4, FAILS), (5, BETTER)):
        told.consumer.pulls[42].push({CHURN: churn(changes)})
        told.run(GITHUB_RUN_NUMBER=str(number))
    return told.comment


def _gate(folder: Path, github: FakeGitHub) -> str:
    told = Tale.begin(folder, github)
    told.open({CHURN: churn(AWFUL)})
    return told.run()


def _no_base(folder: Path, github: FakeGitHub) -> str:
    told = Tale.begin(folder, github, {CHURN: churn(dict.fromkeys(range(1, 12), ""))})
    told.open({CHURN: churn()})
    return told.run()


def _no_metric(folder: Path, github: FakeGitHub) -> str:
    silent = {TRAINS: "net.fit(x, y)", F1: "", LOSS: ""}
    told = Tale.begin(folder, github, {CHURN: churn(silent), "alekseylearn.yml": "models: {}\n"})
    told.open({CHURN: churn({**silent, NETWORK: BETTER[NETWORK]})})
    return told.run()


def _undefined(folder: Path, github: FakeGitHub) -> str:
    told = Tale.begin(
        folder, github, {"alekseylearn.yml": "models: {churn: {notebook: notebooks/churn.ipynb, primary: val_loss}}\n"}
    )
    told.open(
        {
            CHURN: churn(
                {**BETTER, LOSS: CELLS[LOSS][1].replace("\nval_loss", "\nval_loss = val_loss * float('nan')\nval_loss")}
            )
        }
    )
    return told.run()


def _several(folder: Path, github: FakeGitHub) -> str:
    more = {REVENUE: churn({0: "# What comes in?"}), RETURNS: churn({0: "# What comes back?"})}
    told = Tale.begin(folder, github, more)
    changed = {CHURN: churn(BETTER), REVENUE: churn({0: "# What comes in?", **WORSE})}
    told.open(
        {
            **changed,
            RETURNS: churn({0: "# What comes back?", **FAILS}),
            "notebooks/eda.ipynb": notebook((("markdown", "# Hm"), ("code", "1 + 1"))),
        }
    )
    return told.run()


def _stopped(folder: Path, github: FakeGitHub) -> str:
    told = Tale.begin(folder, github)
    told.open({CHURN: churn(BETTER)})
    (folder / "hold").touch()
    with told.desk().start("ci", "run") as child:
        log = folder / "tools"
        _until(
            lambda: any(
                "Epoch 7/20" in path.read_text("utf-8", "replace") for path in log.rglob("*log*") if path.is_file()
            ),
            "the seventh epoch",
        )
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=PATIENCE)
    (folder / "hold").unlink()
    return told.comment


def _timed_out(folder: Path, github: FakeGitHub) -> str:
    told = Tale.begin(folder, github)
    told.open({CHURN: churn(BETTER)})
    (folder / "hold").touch()
    return told.run(INPUT_TIMEOUT="15s")


def _fork(folder: Path, github: FakeGitHub) -> str:
    told = Tale.begin(folder, github)
    told.open({CHURN: churn(BETTER)}, fork="stranger/churn", author="stranger")
    return told.run()


def _refused(folder: Path, github: FakeGitHub) -> str:
    told = Tale.begin(folder, github)
    text = churn().decode()
    told.open({CHURN: text.replace(' "cells"', '<<<<<<< ours\n "cells"\n=======\n>>>>>>> theirs', 1)})
    return told.run()


def _until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(what)
        with contextlib.suppress(OSError):
            time.sleep(0.1)


TALES: Mapping[str, Callable[[Path, FakeGitHub], str]] = {
    "running": _running,
    "better": _history,
    "worse": _after(WORSE),
    "same": _after(SAME),
    "gate-failed": _gate,
    "failed": _after(FAILS),
    "no-base": _no_base,
    "no-metric": _no_metric,
    "undefined": _undefined,
    "nothing": _after(OTHER_TEXT),
    "several": _several,
    "stopped": _stopped,
    "timed-out": _timed_out,
    "not-run": _after(BETTER, INPUT_BACKEND="docker", DOCKER_HOST="unix:///run/nobody.sock"),
    "fork": _fork,
    "refused": _refused,
}
"""What makes each state's comment, by its name."""
