"""What backends are given of a step's environment: nothing of the workflow's secrets, but the way to a role of AWS."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping

from alekseylearn.settings import CiSettings
from alekseylearn.trust import Event

_WORKFLOW = ("INPUT_", "GITHUB_", "ACTIONS_")
_RUN = ("GITHUB_ACTIONS", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
"""These name the session of a role, so that the account's own log tells which run it was."""
_IDENTITY = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")

_SECRET = re.compile(
    r"INPUT_|ACTIONS_|AWS_|ALEKSEYLEARN_NOTIFY|.*(?:TOKEN|SECRET|PASSW|CREDENTIAL|_KEY)", re.IGNORECASE
)


def withhold(environ: MutableMapping[str, str]) -> dict[str, str]:
    """Return a copy of *environ*, the process's own, and take out of that what may be a secret.

    Whatever is started from now on without an environment that was made for it gets none of them.
    """
    known = dict(environ)
    for name in known:
        if _SECRET.match(name):
            del environ[name]
    return known


def granted(environ: Mapping[str, str], settings: CiSettings, event: Event) -> dict[str, str]:
    """Return what backends see of *environ*; what a job sees of that is an allow-list of its own.

    An event that may not train gets nothing of AWS, nor the means to say which workflow it is.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith(_WORKFLOW) or name in _RUN}
    if not event.trusted:
        return {name: value for name, value in kept.items() if not name.startswith("AWS_")}
    inputs = settings.inputs
    if inputs.aws_region:
        kept["AWS_REGION"] = inputs.aws_region
    if inputs.aws_role:
        kept["AWS_ROLE_ARN"] = inputs.aws_role
    if kept.get("AWS_ROLE_ARN"):
        kept |= {name: environ[name] for name in _IDENTITY if name in environ}
    return kept
