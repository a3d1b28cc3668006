"""What engines say when something fails, and what to do about it: patterns of their words, and how jobs end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from alekseylearn.text import size

Retry = Literal["", "other-way", "without-limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFailure:
    """One way to fail: *what* happened in a sentence, *hint* is the remedy; *retry* says what is worth another try."""

    slug: str
    what: str
    hint: str
    retry: Retry = ""


_RESTART = "then restart the engine"
_START = (
    (
        r"could not select device driver",
        EngineFailure(
            slug="gpu.toolkit",
            what="the engine knows no GPU: NVIDIA's container toolkit is not installed, or not known to it",
            hint=f"install nvidia-container-toolkit, `nvidia-ctk runtime configure`, {_RESTART}; or `gpus: none`",
            retry="other-way",
        ),
    ),
    (
        r"unresolvable CDI devices|CDI device injection failed|stat nvidia\.com/gpu=",
        EngineFailure(
            slug="gpu.cdi",
            what="the engine has no CDI specification of the GPU that was asked for",
            hint="`nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml` on the engine's machine, and try again",
            retry="other-way",
        ),
    ),
    (
        r"unknown (?:or invalid )?runtime|invalid runtime name",
        EngineFailure(
            slug="gpu.runtime",
            what="the engine knows no runtime `nvidia`",
            hint=f"`nvidia-ctk runtime configure --runtime=docker`, {_RESTART}",
            retry="other-way",
        ),
    ),
    (
        r"nvml error|driver not loaded|nvidia-container-cli: initialization error|libnvidia-ml",
        EngineFailure(
            slug="gpu.driver",
            what="the engine's machine has no working NVIDIA driver",
            hint="run `nvidia-smi` there: it must list the GPU before a container can see it",
            retry="other-way",
        ),
    ),
    (
        r"nvidia-container-cli: requirement error|unsatisfied condition: cuda",
        EngineFailure(
            slug="gpu.cuda",
            what="the image needs a newer NVIDIA driver than the engine's machine has",
            hint="name an image of an older CUDA under `docker: {image: ...}`, or update the driver",
        ),
    ),
    (
        r"setting rlimit|setrlimit|ulimit",
        EngineFailure(
            slug="docker.limits",
            what="the engine may not raise resource limits",
            hint="give the engine CAP_SYS_RESOURCE",
            retry="without-limits",
        ),
    ),
    (
        r"exec: \"timeout\"|timeout.*(?:not found|no such file)|executable file .?timeout",
        EngineFailure(
            slug="docker.image",
            what="the image lacks `timeout`",
            hint="any image with coreutils and Python works; name one under `docker: {image: ...}`",
        ),
    ),
    (
        r"exec format error",
        EngineFailure(
            slug="docker.image",
            what="the image is made for another kind of processor than the engine's machine has",
            hint="name an image for this processor under `docker: {image: ...}`",
        ),
    ),
    (
        r"bind source path does not exist|invalid mount config|statfs .*no such file|bind mount",
        EngineFailure(
            slug="docker.data",
            what="a folder named under `data:` is not on the engine's machine",
            hint="correct the path; it is looked up where the engine runs",
        ),
    ),
    (
        r"network .* not found|unable to find network",
        EngineFailure(
            slug="docker.network",
            what="the engine knows no network of the name under `docker: {network: ...}`",
            hint="`docker network ls` lists them; `bridge` is always there",
        ),
    ),
    (
        r"no space left on device",
        EngineFailure(
            slug="docker.disk",
            what="the disk of the engine is full",
            hint="`docker system df` shows what takes room, `docker system prune` frees it",
        ),
    ),
    (
        r"minimum memory limit|memory limit",
        EngineFailure(
            slug="docker.memory",
            what="the engine refuses the memory limit",
            hint="raise `memory` under `docker:`",
        ),
    ),
    (
        r"cpu.*(?:range|available)",
        EngineFailure(
            slug="docker.cpus",
            what="the engine's machine has fewer cores than were asked for",
            hint="lower `cpus` under `docker:`",
        ),
    ),
)
_PULL = (
    (
        r"no space left on device",
        "the disk of the engine is full",
        "`docker system df` shows what takes room, `docker system prune` frees it",
    ),
    (
        r"no matching manifest|no match for platform",
        "the image is not made for the engine's kind of processor",
        "name an image for this processor under `docker: {image: ...}`",
    ),
    (
        r"no basic auth|unauthorized|authentication required|denied|forbidden",
        "the registry asks for a login, or has no such image",
        "`docker login` to the registry with an account that may read the image",
    ),
    (
        r"manifest unknown|manifest for .* not found|not found|tag.*does not exist|no such image",
        "the registry has no such image or tag",
        "correct `image` under `docker:`",
    ),
    (
        r"no such host|dial (?:tcp|udp)|network is unreachable|timeout|connection refused|misbehaving|tls",
        "the registry cannot be reached from the engine's machine",
        "check the name of the registry and the network, or load the image by hand and set `pull: never`",
    ),
)


def start_failure(words: str) -> EngineFailure:
    """Recognise what an engine said when a container could not be made or started."""
    for pattern, failure in _START:
        if re.search(pattern, words, re.IGNORECASE):
            return failure
    return EngineFailure(
        slug="docker.start", what=f"the container cannot be started: {words}", hint="`doctor` may help"
    )


def pull_failure(words: str) -> tuple[str, str]:
    """Recognise why an image could not be pulled: what happened, and what to do."""
    for pattern, what, hint in _PULL:
        if re.search(pattern, words, re.IGNORECASE):
            return what, hint
    return words, "pull it by hand to see more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a container ended, as its engine tells it; *memory* is its limit in bytes, if it had one."""

    code: int
    out_of_memory: bool
    error: str = ""
    memory: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """Why a job ended without a word of its own."""

    exception: str
    message: str
    hint: str


def death(ending: Ending, *, python: str) -> Death:
    """Say why a job left no result, from how its container ended."""
    if ending.out_of_memory:
        return out_of_memory(ending)
    match ending.code:
        case 124:
            return Death(
                exception="TimeLimit",
                message="the container's time limit was reached, and the job did not end by itself",
                hint="raise timeout; what it had saved by then was kept",
            )
        case 126 | 127:
            return Death(
                exception="BadImage",
                message=f"the image lacks `{python}`, or it cannot be run",
                hint="any image with coreutils and Python works, if not only its root may run that; "
                "name one under `docker: {image: ...}`",
            )
        case 137:
            return Death(
                exception="Killed",
                message="the container was killed from outside: by hand, by the machine's own lack of memory, "
                "or by an engine that was restarted without live-restore",
                hint="train it again; set `memory` under `docker:` if the machine runs out of it",
            )
        case 0:
            return Death(
                exception="NoResult",
                message="the job ended well and left no result: its output folder could not be written",
                hint="let the notebook leave /opt/ml/output alone",
            )
        case _:
            return _lost(ending)


def _lost(ending: Ending) -> Death:
    told = f": {ending.error}" if ending.error else ""
    return Death(
        exception="Lost",
        message=f"the container ended with status {ending.code} and left no result{told}",
        hint="the last lines of its own output are below",
    )


def out_of_memory(ending: Ending) -> Death:
    """Say that the job used more memory than it was given."""
    limit = f" of {size(ending.memory)}" if ending.memory else ""
    return Death(
        exception="OutOfMemory",
        message=f"the memory limit{limit} was reached and the job killed",
        hint="raise `memory` under `docker:`, or use less data at a time or smaller batches",
    )
