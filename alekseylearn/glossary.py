"""What each key of `alekseylearn.yml` means: for editors (`config schema`), and for `docs/configuration.md`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Entry:
    """One key: what it *means*, in Markdown, and an *example* of its value, as YAML."""

    means: str
    example: str


ROOT: Mapping[str, Entry] = MappingProxyType(
    {
        "version": Entry("The version of this format.", "1"),
        "notebooks": Entry(
            "Which notebooks are looked at: patterns as in `.gitignore`, of which the last that matches wins; `!` in"
            " front excludes. A notebook that a model names is looked at unless one excludes it.",
            '["notebooks/**", "!**/scratch/**"]',
        ),
        "defaults": Entry("What holds for every notebook that does not say otherwise.", "{backend: docker}"),
        "models": Entry(
            "Notebooks under names of your choice (letters, digits, `-` and `_`). One that is not listed here trains"
            " all the same, with the defaults and under the name of its file.",
            "{churn: {notebook: notebooks/churn.ipynb}}",
        ),
        "hyperparameters": Entry(
            "Values for variables, written over those of every notebook that sets a variable of that name before it"
            " trains; a model's own `parameters` win.",
            "{epochs: 20}",
        ),
        "role_account": Entry(
            "The account on AWS, 12 digits in quotes, that every `role` must belong to.", '"111122223333"'
        ),
        "calls": Entry("What your own functions do, where it cannot be seen.", "{trains: [churnlib.fit_model]}"),
        "notify": Entry("When somebody is told that a run has ended.", "{on: [failed]}"),
    }
)

SHARED: Mapping[str, Entry] = MappingProxyType(
    {
        "backend": Entry(
            "Where it trains: `process` on the machine itself, `docker` in a container, `sagemaker` on AWS.", "docker"
        ),
        "timeout": Entry(
            "The longest that one training may take: `90s`, `30m`, `2h`, `1h30m` or whole seconds, at most 28 days. The"
            " cell is then interrupted, and what was saved is kept.",
            "4h",
        ),
        "max_cost": Entry(
            "The most that one training may cost, in US dollars (SageMaker). One that could cost more is not started.",
            "5",
        ),
        "python": Entry(
            "The Python that trains: a version, the name of a program, or a path. Without it, the one that alekseylearn"
            " runs on.",
            '"3.12"',
        ),
        "seed": Entry(
            "Seeds the random generators of Python, NumPy, PyTorch and TensorFlow before the first cell. Part of the"
            " training's identity.",
            "7",
        ),
        "random": Entry(
            "`strict` keeps every cell that draws random numbers before the training does; `reseed` seeds the"
            " generators anew before each cell instead.",
            "reseed",
        ),
        "repeats": Entry(
            "How often each side is trained, with seeds that follow each other; a change within the spread of the runs"
            " counts as the same. 1 to 20.",
            "3",
        ),
        "tolerance": Entry("A change of a metric up to this counts as the same.", "0.002"),
        "docker": Entry("How the container is made.", "{image: pytorch, gpus: auto, memory: 24g}"),
        "sagemaker": Entry("How the training job is made.", "{instances: [ml.g5.xlarge], spot: true}"),
    }
)
"""Keys that stand under `defaults` and under a model; the model's win."""

MODEL: Mapping[str, Entry] = MappingProxyType(
    {
        "notebook": Entry("The notebook's path from the root of the repository.", "notebooks/churn.ipynb"),
        "model": Entry(
            "The variable that holds the model, or the file that the notebook saves it to. Found where it is left out.",
            "classifier",
        ),
        "metrics": Entry(
            "Whether a metric should rise (`max`) or fall (`min`). Guessed by its name where it is left out, and said"
            " so.",
            "{accuracy: max, loss: min}",
        ),
        "primary": Entry("The metric that makes the headline.", "accuracy"),
        "gates": Entry(
            "Bounds that a metric must keep, or the check fails (exit code 5): `>=`, `>`, `<=`, `<` and a number.",
            '{accuracy: ">= 0.92"}',
        ),
        "parameters": Entry(
            "Values for variables that a cell of the notebook sets, written over its own.", "{epochs: 20}"
        ),
        "smoke": Entry("Values that `fit --smoke` sets instead, for a cheap run.", "{epochs: 1}"),
        "data": Entry(
            "Data sets that do not lie in the repository, each under a name: a folder of the machine that trains, or an"
            " address in S3. The notebook finds one in the folder that `SM_CHANNEL_<NAME>` holds.",
            "{train: s3://acme-data/churn/train}",
        ),
        "printed": Entry(
            "Metrics that the notebook only prints: a regular expression for each, whose one group is the value.",
            '{val_loss: "val loss: ([0-9.]+)"}',
        ),
    }
)

CALLS: Mapping[str, Entry] = MappingProxyType(
    {
        "trains": Entry("Trains a model.", "[churnlib.fit_model, churnlib.Trainer.run]"),
        "prepares": Entry("Makes something whose `.fit` only prepares data.", "[churnlib.Encoder]"),
        "measures": Entry("Measures a model.", "[churnlib.lift]"),
        "shows": Entry("Only shows something.", "[churnlib.plot_lift]"),
        "changes": Entry("Changes its object and its arguments.", "[churnlib.fill]"),
        "pure": Entry("Changes nothing.", "[churnlib.features.*, .peek]"),
        "draws": Entry("Draws from the global random generators.", "[churnlib.sample]"),
        "seeds": Entry("Seeds the global random generators.", "[churnlib.set_seed]"),
        "reads": Entry("Reads the file that it names.", "[churnlib.load]"),
        "writes": Entry("Writes the file that it names.", "[churnlib.save]"),
    }
)

NOTIFY: Mapping[str, Entry] = MappingProxyType(
    {
        "on": Entry(
            "`done`, `failed`, or `[]` for nothing; both where it is left out. The addresses come from the secret"
            " `ALEKSEYLEARN_NOTIFY`, never from this file.",
            "[failed]",
        ),
    }
)

TABLES: Mapping[str, Mapping[str, Entry]] = MappingProxyType(
    {
        "File": MappingProxyType({**ROOT, **SHARED}),
        "Defaults": SHARED,
        "Model": MappingProxyType({**MODEL, **SHARED}),
        "Calls": CALLS,
        "Notify": NOTIFY,
    }
)
"""The keys of each table, by the name of the class in `config` that holds them."""
