"""Outcomes as the pipeline makes them, for every state that a report knows; all of one little churn notebook."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from alekseylearn.comment_state import PastRun
from alekseylearn.diff import diff_notebooks
from alekseylearn.jobs import Artifact, CellRun, Failure, JobState, TrainingResult
from alekseylearn.metrics import Judgement, Metric, compare, parse_gate
from alekseylearn.notebook import Cell, Notebook
from alekseylearn.progressing import Live
from alekseylearn.report import Commit, Difference, GateResult, NotebookOutcome, Outcome, Step
from alekseylearn.slicing import CellReason, Edge, Slice
from alekseylearn.targets import Target

RUN = "7f3a9c2d41b0"
DIGEST = RUN + "e5" * 26
BASE_RUN = "5b20e11c07aa"
TEXTS = (
    ("markdown", "# Who leaves?\n\nA first model of churn."),
    ("code", "import torch\nfrom torch import nn\nimport torch.nn.functional as F"),
    ("code", 'df = pd.read_parquet("customers.parquet")\nfeatures, churned = split(df)'),
    ("code", "df.describe()"),
    ("code", "batch_size = 128\nepochs = 20"),
    ("markdown", "## The network"),
    (
        "code",
        """class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(24, 64)
        self.head = nn.Linear(64, 2)

    def forward(self, x):
        return self.head(self.body(x))""",
    ),
    ("code", "net = Net().cuda()\nopt = torch.optim.Adam(net.parameters())"),
    (
        "code",
        """history = []
for epoch in range(epochs):
    net.train()
    for x, y in train_dl:
        opt.zero_grad()
        loss = F.cross_entropy(net(x.cuda()), y.cuda())
        loss.backward()
        opt.step()
    history.append(evaluate(net, val_dl))""",
    ),
    ("code", "val_accuracy = accuracy(net, val_dl)\nval_accuracy"),
    ("code", "plot_confusion(net, val_dl)"),
)
EDITS = {
    4: ("batch_size = 128", "batch_size = 256"),
    6: (
        "        return self.head(self.body(x))",
        "        h = self.body(x)\n        h = self.drop(h)\n        return self.head(h)",
    ),
    10: ("plot_confusion(net, val_dl)", "plot_confusion(net, val_dl, normalize=True)"),
}
KEPT = (
    CellReason(cell=1, id="c1", reason="imports `torch`, used by cell 7"),
    CellReason(cell=2, id="c2", reason="defines `features`, used by cell 8"),
    CellReason(cell=4, id="c4", reason="sets `batch_size`, used by cell 8"),
    CellReason(cell=6, id="c6", reason="defines `Net`, used by cell 7"),
    CellReason(cell=7, id="c7", reason="defines `net`, used by cell 8"),
    CellReason(cell=8, id="c8", reason="trains: calls `loss.backward`"),
    CellReason(cell=9, id="c9", reason="measures the trained model"),
)
DROPPED = (
    CellReason(cell=0, id="c0", reason="text"),
    CellReason(cell=3, id="c3", reason="nothing that is trained uses it"),
    CellReason(cell=5, id="c5", reason="text"),
    CellReason(cell=10, id="c10", reason="comes after training and only shows it"),
)
BASE_CURVE = (0.801, 0.832, 0.851, 0.862, 0.871, 0.878, 0.884, 0.889, 0.893, 0.896, 0.899, 0.902, 0.909, 0.913)
HEAD_CURVE = (0.803, 0.838, 0.859, 0.871, 0.880, 0.886, 0.891, 0.898, 0.903, 0.908, 0.914, 0.921, 0.926, 0.927)
ENVIRONMENT = MappingProxyType({"python": "3.12.8", "platform": "Linux-6.8-x86_64", "torch": "2.13.0"})


def notebook(path: str = "notebooks/churn.ipynb", edits: Mapping[int, tuple[str, str]] | None = None) -> Notebook:
    """Make the notebook, with *edits* (cell: old text, new text)."""
    cells = []
    for index, (kind, text) in enumerate(TEXTS):
        old, new = (edits or {}).get(index, ("", ""))
        source = text.replace(old, new) if old else text
        cells.append(Cell(index=index, id=f"c{index}", kind="code" if kind == "code" else "markdown", source=source))
    return Notebook(path=path, cells=tuple(cells))


def cut(path: str = "notebooks/churn.ipynb") -> Slice:
    """Make the slice of the notebook, with the edges that lead to its training cell."""
    return Slice(
        notebook=path,
        targets=(Target(cell=8, id="c8", kind="train", reason="trains: calls `loss.backward`"),),
        kept=KEPT,
        dropped=DROPPED,
        edges=(
            Edge(source=1, target=7, name="torch"),
            Edge(source=6, target=7, name="Net"),
            Edge(source=7, target=8, name="net"),
            Edge(source=4, target=8, name="batch_size"),
        ),
    )


def curve(name: str, values: tuple[float, ...], last: float | None = None) -> Metric:
    """Make a metric that was logged by epoch."""
    series = tuple(enumerate(values, 1))
    return Metric(name=name, value=values[-1] if last is None else last, source="history", series=series)


def result(**changes: object) -> TrainingResult:
    """Make head's result, a success unless *changes* say otherwise."""
    made = TrainingResult(
        run=RUN,
        digest=DIGEST,
        state=JobState.SUCCEEDED,
        backend="process",
        metrics=(
            curve("val_accuracy", HEAD_CURVE),
            Metric(name="val_loss", value=0.263, source="last expression", cell=9),
            Metric(name="f1_churned", value=0.842, source="last expression", cell=9),
            Metric(name="train_seconds", value=1004.0, source="log_metric", cell=8),
        ),
        artifacts=(
            Artifact(name="churn.executed.ipynb", path="output/data/executed.ipynb", size=212_000, sha256="e" * 64),
            Artifact(name="model.pt", path="model/model.pt", size=14_200_000, sha256="d" * 64),
        ),
        cells=tuple(CellRun(cell=reason.cell, state="done", seconds=reason.cell * 1.5) for reason in KEPT),
        seconds=1120.0,
        log_tail="epoch 19/20 val_accuracy 0.926\nepoch 20/20 val_accuracy 0.927",
        environment=ENVIRONMENT,
        bundle="9c1d77a0" * 8,
        commit="4e1f0c2" + "0" * 33,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def base_result(**changes: object) -> TrainingResult:
    """Make base's result."""
    metrics = (
        curve("val_accuracy", BASE_CURVE),
        Metric(name="val_loss", value=0.241),
        Metric(name="train_seconds", value=951.0),
    )
    return result(**{"run": BASE_RUN, "digest": BASE_RUN + "a1" * 26, "metrics": metrics, **changes})


def told(**changes: object) -> NotebookOutcome:
    """Make the outcome of the notebook: trained on both sides and better, unless *changes* say otherwise."""
    path = str(changes.get("path", "notebooks/churn.ipynb"))
    head, base = changes.get("head", result()), changes.get("base", base_result())
    judgement = Judgement(
        primary="val_accuracy",
        tolerance=0.002,
        gates=(parse_gate("val_accuracy", ">= 0.92"), parse_gate("val_loss", "<= 0.30")),
    )
    after = head.metrics if isinstance(head, TrainingResult) else ()
    before = base.metrics if isinstance(base, TrainingResult) else ()
    gates = tuple(GateResult(gate=gate, value=_value(after, gate.metric), passed=True) for gate in judgement.gates)
    made = NotebookOutcome(
        path=path,
        name=path.rpartition("/")[2].removesuffix(".ipynb"),
        decision="train",
        reason="2 code cells changed; training needs at least one of them",
        diff=diff_notebooks(notebook(path), notebook(path, EDITS)),
        digest=DIGEST,
        slice=cut(path),
        sources=tuple((cell.index, cell.headline) for cell in notebook(path, EDITS).code_cells),
        head=result(),
        base=base_result(),
        deltas=compare(before, after, judgement) if after else (),
        primary="val_accuracy",
        tolerance=0.002,
        gates=tuple(replace(gate, passed=gate.gate.passes(gate.value)) for gate in gates),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def _value(metrics: tuple[Metric, ...], name: str) -> float | None:
    return next((metric.value for metric in metrics if metric.name == name), None)


def outcome(*notebooks: NotebookOutcome, **changes: object) -> Outcome:
    """Make the outcome of a run on pull request 42."""
    made = Outcome(
        base=Commit(name="main", sha="1b7d9e2" + "0" * 33),
        head=Commit(name="bigger-batches", sha="4e1f0c2" + "0" * 33),
        notebooks=notebooks,
        when="2026-11-22 12:24 UTC",
        version="1.0.0",
        pull=42,
        run=RUN[:7],
        order=(812, 1),
        seconds=1120.0,
        run_url="https://github.com/acme/churn/actions/runs/812",
        artifact_url="https://github.com/acme/churn/actions/runs/812/artifacts/5503",
        history=HISTORY,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


HISTORY = (
    PastRun(
        sha="4e1f0c2",
        when="2026-11-22 12:24 UTC",
        metric="val_accuracy",
        value=0.927,
        change=0.014,
        seconds=1120.0,
        result="trained",
        cost=0.13,
    ),
    PastRun(
        sha="77aa310",
        when="2026-11-22 10:02 UTC",
        metric="val_accuracy",
        value=None,
        change=None,
        seconds=192.0,
        result="failed, cell 8",
        cost=0.02,
    ),
)
OUT_OF_MEMORY = Failure(
    exception="torch.OutOfMemoryError",
    message="CUDA out of memory. Tried to allocate 1.50 GiB. GPU 0 has a total capacity of 21.99 GiB of which "
    "607.19 MiB is free.",
    cell=8,
    line=7,
    traceback="Traceback (most recent call last):\n  cell 8, line 7, in <module>\n    loss.backward()\n"
    '  File "/env/torch/_tensor.py", line 648, in backward\n    torch.autograd.backward(\n'
    '  File "/env/torch/autograd/__init__.py", line 353, in backward\n    _engine_run_backward(\n'
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.50 GiB. GPU 0 has a total capacity of 21.99 GiB "
    "of which 607.19 MiB is free.",
    hint="the GPU's memory is full: make the batches smaller, or ask for a larger machine",
)


def failed(failure: Failure | None = OUT_OF_MEMORY, state: JobState = JobState.FAILED) -> NotebookOutcome:
    """Make the outcome of a notebook whose cell 8 failed after three epochs."""
    states = {8: "failed", 9: "not-reached"}
    cells = tuple(
        CellRun(cell=reason.cell, state=states.get(reason.cell, "done"), seconds=reason.cell * 6.0) for reason in KEPT
    )
    head = result(
        state=state,
        failure=failure,
        metrics=(curve("val_accuracy", HEAD_CURVE[:3]),),
        artifacts=(),
        cells=cells,
        seconds=192.0,
        peak_memory=3_221_225_472,
        log_tail="10:04:41 epoch 3/20 val_loss 0.391 val_accuracy 0.859\n10:04:53 epoch 4/20 12 % 58/489 batches",
    )
    return told(head=head, deltas=(), gates=(), failed_source=notebook(edits=EDITS).cells[8].source)


def skipped(path: str = "notebooks/churn.ipynb", reason: str = "") -> NotebookOutcome:
    """Make the outcome of a notebook of which only text, a plot and outputs changed."""
    before = notebook(path)
    after = notebook(path, {0: ("first", "second"), 10: EDITS[10]})
    cells = tuple(replace(cell, outputs="ab" * 32) if cell.index in (8, 9) else cell for cell in after.cells)
    return told(
        path=path,
        decision="skip",
        reason=reason or "not trained: no code that trains changed (1 code cell, 1 text cell, 2 outputs changed)",
        diff=diff_notebooks(before, replace(after, cells=cells)),
        head=None,
        deltas=(),
        gates=(),
    )


STEPS = (
    Step(name="Compare the notebook", state="done", text="2 code cells changed", seconds=1.0),
    Step(name="Cut out the training cells", state="done", text="7 of 11 cells needed", seconds=1.0),
    Step(name="Train", state="running", text="cell 8 (6 of 7), epoch 7 of 20", seconds=161.0),
    Step(name="Save the model", state="waiting", text=""),
)
CONSOLE = "https://eu-central-1.console.aws.amazon.com/sagemaker/home?region=eu-central-1#/jobs/"
SUBMITTED = (
    Step(name="Diff the notebook", state="done", text="2 code cells changed"),
    Step(name="Cut out the training cells", state="done", text="7 of 9 code cells needed"),
    Step(
        name="Train this version",
        state="running",
        text=f"run `{RUN}`, getting a machine, 2 min 10 s",
        backend="sagemaker",
        url=f"{CONSOLE}alekseylearn-{RUN}-1",
    ),
    Step(
        name="Train the base",
        state="running",
        text=f"run {BASE_RUN}",
        backend="sagemaker",
        url=f"{CONSOLE}alekseylearn-{BASE_RUN}-1",
    ),
)


def begun(**changes: object) -> TrainingResult:
    """Make what is known of head's job while it goes on."""
    return replace(
        TrainingResult(
            run=RUN,
            digest=DIGEST,
            state=JobState.QUEUED,
            backend="sagemaker",
            name="churn",
            machine="SageMaker eu-central-1 (ml.g5.xlarge)",
            url=f"{CONSOLE}alekseylearn-{RUN}-1",
            phase="getting a machine, 2 min 10 s",
        ),
        **changes,  # type: ignore[arg-type]
    )


REFUSED = (
    "error[nb.conflict]: the notebook holds unresolved merge conflict markers\n"
    "  where: notebooks/eda.ipynb, line 41\n"
    "  fix:   resolve the conflict (`nbdime` merges notebooks cell by cell), then commit again"
)
LOST = Failure(
    exception="Lost", message="the machine or process went away before the first cell", hint="train it again"
)
WORSE = result(metrics=(curve("val_accuracy", HEAD_CURVE, 0.902), Metric(name="val_loss", value=0.263)))


def _refused() -> NotebookOutcome:
    return told(
        path="notebooks/eda.ipynb", decision="skip", refused=REFUSED, slice=None, head=None, base=None, gates=()
    )


def _no_gates(head: TrainingResult) -> NotebookOutcome:
    return told(head=head, gates=())


def repeated() -> NotebookOutcome:
    """Make the outcome of three runs each side, of which one has failed, whose change is within the noise."""
    judgement = Judgement(goals={"val_accuracy": "max"}, tolerance=0.002)
    base, head = (
        replace(made, metrics=(replace(made.metrics[0], value=value, spread=spread, runs=runs), *made.metrics[1:2]))
        for made, value, spread, runs in ((base_result(), 0.9141, 0.0083, 3), (result(), 0.9227, 0.0031, 2))
    )
    lost = result(state=JobState.LOST, run="c41d07b2e9f5", failure=Failure(exception="Lost", message="gone"))
    return told(
        head=head,
        base=base,
        more_head=(result(run="0b9e5f3a7c12"), lost),
        more_base=(base_result(run="d2a6c80f4e19"), base_result(run="97be31f05ac4")),
        deltas=compare(base.metrics, head.metrics, judgement),
        gates=(),
        differences=(
            Difference(what="torch", base="2.12.0", head="2.13.0"),
            Difference(what="data customers.parquet", base="1b7d9e2", head="4e1f0c2", part=True),
        ),
    )


STATES: Mapping[str, Outcome] = {
    "running": outcome(told(head=None, deltas=(), gates=(), steps=STEPS), finished=False, history=()),
    "measured": outcome(
        told(
            head=begun(
                state=JobState.RUNNING,
                phase="",
                metrics=(curve("val_accuracy", HEAD_CURVE[:7]),),
                live=Live(cell=8, place=6, cells=7, epoch=7, epochs=20, seconds_left=540.0),
            ),
            deltas=(),
            gates=(),
            steps=(*SUBMITTED[:2], replace(SUBMITTED[2], text="cell 8 (6 of 7), epoch 7 of 20", seconds=161.0)),
            timeout=3600,
            max_cost=2.0,
        ),
        backend="sagemaker",
        finished=False,
        history=(),
    ),
    "submitted": outcome(
        told(head=begun(), base=None, base_note="it still trains", deltas=(), gates=(), steps=SUBMITTED),
        backend="sagemaker",
        finished=False,
        left=(RUN, BASE_RUN),
        begun=(RUN, BASE_RUN),
        history=(),
    ),
    "base-goes-on": outcome(
        told(
            base=None,
            base_note="it still trains",
            steps=(
                *SUBMITTED[:2],
                replace(SUBMITTED[2], state="done", text=f"run {RUN}", seconds=1120.0),
                SUBMITTED[3],
            ),
        ),
        backend="sagemaker",
        finished=False,
        left=(BASE_RUN,),
        begun=(RUN, BASE_RUN),
        history=(),
    ),
    "closed": outcome(
        told(
            head=begun(
                state=JobState.STOPPED,
                failure=Failure(
                    exception="",
                    message="the pull request was closed",
                    hint=f"`alekseylearn status {RUN}` brings home what it saved, once it has ended",
                ),
            ),
            deltas=(),
            gates=(),
        ),
        backend="sagemaker",
        begun=(RUN,),
        exit_code=7,
        history=(),
    ),
    "better": outcome(told()),
    "noise": outcome(repeated()),
    "same": outcome(_no_gates(result(metrics=(curve("val_accuracy", HEAD_CURVE, 0.914),))), history=()),
    "worse": outcome(_no_gates(WORSE), history=()),
    "no-base": outcome(told(base=None, base_note="the base has no such training"), history=()),
    "no-metric": outcome(told(head=result(metrics=()), primary=None, gates=()), history=()),
    "gate-failed": outcome(told(head=WORSE), history=(), exit_code=5),
    "reused": outcome(told(decision="reuse", reused=True), seconds=3.0),
    "failed": outcome(failed(), exit_code=4),
    "lost": outcome(failed(LOST, JobState.LOST), exit_code=6, history=()),
    "timed-out": outcome(
        failed(
            Failure(exception="TimeLimit", message="the limit of 2 h was reached in cell 8", cell=8), JobState.TIMED_OUT
        ),
        exit_code=7,
        history=(),
    ),
    "nothing": outcome(
        skipped(),
        replace(
            skipped("notebooks/eda.ipynb", "has no training cell (mark one with `#| train`)"), base=None, slice=None
        ),
        seconds=2.0,
        history=(),
    ),
    "fork": outcome(told(head=None, base=None, deltas=(), gates=()), fork=True, seconds=2.0, history=()),
    "refused": outcome(_refused(), exit_code=3, history=(), seconds=1.0),
    "several": outcome(
        told(),
        replace(_no_gates(WORSE), path="notebooks/revenue.ipynb", name="revenue"),
        replace(failed(), path="notebooks/returns.ipynb", name="returns"),
        skipped("notebooks/eda.ipynb"),
        exit_code=4,
    ),
    "local": outcome(
        told(),
        skipped("notebooks/eda.ipynb"),
        pull=None,
        head=Commit(name="", sha=""),
        run_url="",
        artifact_url="",
        history=(),
    ),
}
"""One outcome for every state; the comment of each stands in `tests/comments/`."""
