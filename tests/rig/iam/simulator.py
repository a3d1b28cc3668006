"""Asks cloud-copilot's simulator whether AWS would allow a call, under policies of ours.

It knows each action's resources and condition keys from AWS's Service Authorization Reference, so that a policy for an
action that does not exist, or a condition on a key that the action never has, is an error and not a quiet no.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BUILD = HERE.parents[2] / "build"


class SimulatorError(Exception):
    """The question cannot be answered: it is not one that AWS would know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of AWS: *resource* is what it is about (an ARN), *context* what conditions can ask for."""

    action: str
    resource: str = "*"
    context: Mapping[str, str | list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Simulator:
    """The simulator as npm installed it below *folder*."""

    folder: Path

    @classmethod
    def installed(cls) -> Simulator:
        """Install it below `build/`, once for each lock file, and whoever else wants it meanwhile waits."""
        lock = (HERE / "package-lock.json").read_bytes()
        folder = BUILD / f"iam-{hashlib.sha256(lock).hexdigest()[:12]}"
        BUILD.mkdir(exist_ok=True)
        with (BUILD / "iam.lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            if not folder.is_dir():
                with tempfile.TemporaryDirectory(dir=BUILD, prefix="iam-") as place:
                    making = Path(place) / "simulator"
                    making.mkdir()
                    for name in ("package.json", "package-lock.json"):
                        shutil.copy(HERE / name, making)
                    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
                    done = subprocess.run(command, cwd=making, capture_output=True, text=True, timeout=240, check=False)
                    if done.returncode != 0:
                        raise SimulatorError(f"npm ci: {done.stderr or done.stdout}")
                    making.rename(folder)
        return cls(folder)

    def ask(
        self,
        calls: Sequence[Call],
        *,
        principal: str,
        account: str,
        policy: Mapping[str, Any] | None = None,
        trust: Mapping[str, Any] | None = None,
    ) -> list[str]:
        """Say of each call what AWS would: `Allowed`, `ExplicitlyDenied` or `ImplicitlyDenied`.

        *policy* is the caller's own, *trust* that of the resource. Raises `SimulatorError`.
        """
        (told,) = self.ask_under([policy], calls, principal=principal, account=account, trust=trust)
        return told

    def ask_under(
        self,
        policies: Sequence[Mapping[str, Any] | None],
        calls: Sequence[Call],
        *,
        principal: str,
        account: str,
        trust: Mapping[str, Any] | None = None,
    ) -> list[list[str]]:
        """Say the same under each of several policies."""
        questions = [
            {
                "request": {
                    "action": call.action,
                    "principal": principal,
                    "resource": {"resource": call.resource, "accountId": account},
                },
                "context": dict(call.context),
                "identityPolicies": [{"name": "own", "policy": policy}] if policy else [],
                **({"resourcePolicy": trust} if trust else {}),
            }
            for policy in policies
            for call in calls
        ]
        done = subprocess.run(
            ["node", HERE / "simulate.mjs", self.folder],
            input=json.dumps({"questions": questions}),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={"PATH": os.environ["PATH"]},
        )
        if done.returncode != 0:
            raise SimulatorError(done.stderr)
        answers = iter(json.loads(done.stdout))
        return [[verdict(call, next(answers)) for call in calls] for _ in policies]


def verdict(call: Call, answer: Any) -> str:
    """Return an answer that is none of an error."""
    if not isinstance(answer, str):
        raise SimulatorError(f"{call}: {answer['error']}")
    return answer
