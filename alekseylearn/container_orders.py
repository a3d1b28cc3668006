"""What container to ask for to train a bundle, and what to change when the engine refuses it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from alekseylearn.bundle import GRACE, Bundle
from alekseylearn.containers import GPU_LIMITS, HOME, NAMESPACE, TEMPORARY, ContainerSpec, Gpus, deadline_command
from alekseylearn.engine_failures import start_failure
from alekseylearn.gpu_requests import Way
from alekseylearn.sm_contract import IN_CONTAINER, ROOT, config_files, sm_variables
from alekseylearn.tables import DockerTable, GpuRequest

MARGIN = 60
"""Seconds beyond the job's own limit, its grace included, after which the container is ended from outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A training to be put into a container.

    *image* is the engine's id for it, *python* the program in it, *user* whom it runs as, by numbers; *channels* are
    folders of the engine's machine by the name of their data set; *now* in Unix seconds; *labels* are written down with
    the container.
    """

    bundle: Bundle
    digest: str
    image: str
    python: str
    user: str
    table: DockerTable
    gpus: Gpus | None
    cores: int
    channels: Mapping[str, str]
    environ: Mapping[str, str]
    labels: Mapping[str, str]
    now: float


def spec_of(order: Order) -> ContainerSpec:
    """Put together the container for *order*."""
    table = order.table
    inside = {name: f"{ROOT}/input/data/{name}" for name in order.channels}
    limit = time_limit(order.bundle)
    labels = {
        "digest": order.digest,
        "bundle": order.bundle.digest,
        "python": order.python,
        "submitted": f"{order.now:.3f}",
        "deadline": f"{order.now + limit + GRACE:.0f}",
        **order.labels,
    }
    gpus = order.gpus.request.least if order.gpus else 0
    cores = max(1, int(table.cpus or order.cores))
    return ContainerSpec(
        image=order.image,
        user=order.user,
        command=deadline_command(limit, GRACE + 10, order.python, f"{IN_CONTAINER.code}/_al/supervisor.py"),
        environ={
            **order.environ,
            **sm_variables(order.bundle, IN_CONTAINER, cores=cores, gpus=gpus, channels=inside),
            "ALEKSEYLEARN_REQUIREMENTS": "check" if table.network == "none" else "install",
            **(_asked(order.gpus.request) if order.gpus else {}),
        },
        labels={NAMESPACE + key: value for key, value in labels.items()},
        network=table.network,
        shm_size=table.shm_size,
        memory=table.memory,
        cpus=table.cpus,
        binds={inside[name]: path for name, path in order.channels.items()},
        gpus=order.gpus,
        limits=GPU_LIMITS if order.gpus else (),
    )


def cargo_of(bundle: Bundle, channels: Mapping[str, str]) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Return the files and the empty folders that the container finds below /opt/ml."""
    files = {f"code/{name}": data for name, data in bundle.files.items()}
    own = (HOME.removeprefix(f"{ROOT}/"), TEMPORARY.removeprefix(f"{ROOT}/"))
    return {**files, **config_files(bundle, tuple(channels))}, ("model", "output", "output/data", "input/data", *own)


def time_limit(bundle: Bundle) -> int:
    """Return the seconds after which the container ends, whoever watches: later than the job's own limit."""
    asked = json.loads(bundle.files["manifest.json"])["timeout"]
    return int(asked) + GRACE + MARGIN


@dataclass(slots=True)
class Attempt:
    """How a container is asked for by now: the spec, the ways to a GPU that are left, and what was found out."""

    spec: ContainerSpec
    ways: list[Way] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refused: str = ""
    """What the engine said that counts: of the surest way to a GPU, or of what no other try mends."""

    @property
    def labelled(self) -> ContainerSpec:
        """The spec, with what was found out as a label."""
        labels = {NAMESPACE + "notes": json.dumps(self.notes), NAMESPACE + "asked": self.asked}
        return replace(self.spec, labels={**self.spec.labels, **labels})

    @property
    def asked(self) -> str:
        """What this attempt asks of the engine, of all that an engine may refuse: `gpus with limits`."""
        way = self.spec.gpus.way if self.spec.gpus else "cpu"
        return f"{way} with limits" if self.spec.limits else way

    def changed_after(self, words: str) -> bool:
        """Change what is asked for after the engine refused it with *words*; False when nothing is left to try."""
        failure, gpus = start_failure(words), self.spec.gpus
        if failure.retry == "without-limits" and self.spec.limits:
            self.spec = replace(self.spec, limits=())
            self.notes.append("the engine may not raise resource limits: the job ran with the engine's own")
            return True
        if failure.retry != "other-way" or gpus is None:
            self.refused = words
            return False
        if not self.refused or failure.slug == "gpu.driver":
            # Without its driver no way works, whatever else is missing.
            self.refused = words
        if self.ways:
            self.spec = replace(self.spec, gpus=replace(gpus, way=self.ways.pop(0)))
        elif gpus.request.optional:
            self.spec = self._without_gpus()
            self.notes.append(f"trained on the CPU: {start_failure(self.refused).what}")
        else:
            return False
        return True

    def _without_gpus(self) -> ContainerSpec:
        environ = {name: value for name, value in self.spec.environ.items() if name != "ALEKSEYLEARN_GPUS"}
        return replace(self.spec, gpus=None, environ={**environ, "SM_NUM_GPUS": "0"})


def _asked(request: GpuRequest) -> dict[str, str]:
    return {"ALEKSEYLEARN_GPUS": "auto" if request.optional else str(request.least)}
