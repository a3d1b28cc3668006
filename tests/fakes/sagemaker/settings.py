"""What a test may set on the service, before it starts or while it runs."""

from __future__ import annotations

import fnmatch
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PREBUILT = "763104351884.dkr.ecr.*.amazonaws.com/*"
"""AWS's own deep learning containers."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """What stands for a container image: programs found first on PATH, variables, and the image's own start."""

    programs: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ("train",)
    folder: str = "/"

    @classmethod
    def here(cls, **environ: str) -> Image:
        """Return an image whose `python3` is the one that runs the tests."""
        return cls(programs=Path(sys.executable).parent, environ=environ)

    def variables(self) -> dict[str, str]:
        """Return the variables that the image itself sets."""
        defaults = {
            "PATH": f"{self.programs}{os.pathsep}{SYSTEM_PATH}",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
        }
        return {**defaults, **self.environ}


@dataclass(kw_only=True)
class Fault:
    """What goes wrong with calls that fit *action* (a pattern such as `sagemaker:Create*`) and *resource* (one of `Call.resource`).

    `throttle`, `deny`, `error` (*code*, *text*, *status*) and `drop` answer instead of carrying the call out; `slow` answers *seconds* later;
    `lose` carries it out and drops the connection; `cut` carries it out and breaks the answer off after *after* bytes of its body. It holds for every *every*-th
    fitting call, and at most *times* times (-1: always).
    """

    action: str
    kind: str
    resource: str = "*"
    every: int = 1
    times: int = -1
    after: int = 0
    seconds: float = 0.0
    code: str = "InternalFailure"
    text: str = "The request processing has failed because of an unknown error, exception or failure."
    status: int = 500
    seen: int = 0
    struck: int = 0

    def strikes(self, action: str, resource: str) -> bool:
        """Count a call, and tell whether it is hit."""
        if not fnmatch.fnmatchcase(action, self.action) or not fnmatch.fnmatchcase(resource, self.resource):
            return False
        self.seen += 1
        hit = self.seen % self.every == 0 and self.struck != self.times
        self.struck += hit
        return hit


@dataclass(kw_only=True)
class Settings:
    """Times are seconds of the test; *speed* makes the service's own clocks run faster (never the job's)."""

    speed: float = 1.0
    limits_speed: float | None = None
    """The speed of the clocks that limit runtime, waiting and pending, where it is another one: a test on a busy machine is slow."""
    grace: float = 120.0
    phases: dict[str, float] = field(default_factory=dict)
    """How long a phase takes: Starting, Pending, Downloading, Training (before the job's first line), Uploading, Stopping, Restarting."""
    phase: float = 0.01
    """How long the phases take that *phases* does not name."""
    images: dict[str, Image] = field(default_factory=lambda: {PREBUILT: Image.here()})
    """Patterns of image addresses; any other image cannot be pulled."""
    shared: tuple[Path, ...] = ()
    """Folders of this machine that a job may write to; all others it sees as they were, and its changes are lost."""
    checkpoint_interval: float = 0.2
    final_sync: bool = False
    """Whether checkpoints are saved once more when a spot instance is taken away."""
    notice: float = 0.0
    """Seconds between SIGTERM and the end of an instance that is taken away; 0: it ends without a word."""
    ingestion_delay: float = 0.0
    """How long a log event stays invisible; the job's end does not wait for it."""
    no_capacity: set[str] = field(default_factory=set)
    """Instance types that cannot be had."""
    quotas: dict[str, int] = field(default_factory=dict)
    quota: int = 20
    """Instances that may run at once, of each type that *quotas* does not name."""
    token_seconds: float | None = None
    """How long an assumed role's credentials last; None: as long as was asked for."""
    spot_billed: float = 0.3
    """Part of a spot job's time that is billed."""
    prices: dict[tuple[str, str], float] = field(
        default_factory=lambda: {("us-east-1", "ml.m5.large"): 0.115, ("us-east-1", "ml.g5.xlarge"): 1.408}
    )
    """US dollars an hour, by region and instance type."""
    strict_keys: bool = True
    """Whether keys that nobody was given are refused."""
    oidc_failures: int = 0
    """How many of the next requests for an identity token fail."""
    claims: dict[str, Any] = field(default_factory=dict)
    """Claims of the identity tokens, beside the usual ones or instead of them."""
    page_bytes: int = 1 << 20
    """Most bytes of a page of log events; CloudWatch gives 1 MiB."""
    empty_pages: int = 0
    """How many empty pages come before each page of log events that has some."""
    faults: list[Fault] = field(default_factory=list)

    @property
    def hurry(self) -> float:
        """How fast the clocks run that limit runtime, waiting and pending."""
        return self.speed if self.limits_speed is None else self.limits_speed

    def image(self, address: str) -> Image | None:
        """Return what stands for the image at *address*: what the longest fitting pattern names."""
        fitting = [pattern for pattern in self.images if fnmatch.fnmatchcase(address, pattern)]
        return self.images[max(fitting, key=len)] if fitting else None

    def length(self, phase: str) -> float:
        """Return how long *phase* takes."""
        return self.phases.get(phase, self.phase)
