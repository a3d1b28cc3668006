"""The service's own interface, for other processes: `GET /_control` tells, `POST /_control` changes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fakes.sagemaker.settings import Fault, Image
from tests.fakes.sagemaker.wire import Answer, Environ, body, in_json

if TYPE_CHECKING:
    from tests.fakes.sagemaker.service import SageMakerService

DONE: dict[str, Any] = {}


def answer(service: SageMakerService, environ: Environ) -> Answer:
    """Answer a request of the control interface."""
    path = environ["PATH_INFO"]
    if environ["REQUEST_METHOD"] == "GET":
        return in_json(told(service, path.removeprefix("/_control").strip("/")))
    try:
        order(service, json.loads(body(environ)))
    except (KeyError, TypeError, ValueError, TimeoutError) as error:
        return in_json({"error": repr(error)}, 400)
    return in_json(DONE)


def told(service: SageMakerService, what: str) -> Any:
    """Return what is asked for: `calls`, `jobs`, `log/NAME`, or an overview."""
    if what == "calls":
        return [
            {**dataclasses.asdict(call), "name": call.name, "permission": call.permission, "resource": call.resource}
            for call in service.calls
        ]
    if what == "jobs":
        return {name: job.describe() for name, job in service.jobs.items()}
    if what.startswith("log/"):
        return service.log(what.removeprefix("log/"))
    return {
        "url": service.url,
        "account": service.account,
        "bucket": service.bucket,
        "role": service.role,
        "submit_role": service.submit_role,
        "environ": service.environ,
        "oidc_environ": service.oidc_environ,
        "oidc_requests": service.identities.oidc_requests,
    }


def order(service: SageMakerService, given: dict[str, Any]) -> None:
    """Carry out `{"settings": {...}, "faults": [...], "images": {...}, "interrupt": NAME, "crash": NAME, "expire_tokens": true}`."""
    for name, value in given.get("settings", {}).items():
        if not hasattr(service.settings, name):
            raise ValueError(f"there is no setting {name}")
        current = getattr(service.settings, name)
        setattr(service.settings, name, set(value) if isinstance(current, set) else value)
    if "faults" in given:
        service.settings.faults[:] = [Fault(**fault) for fault in given["faults"]]
    for pattern, image in given.get("images", {}).items():
        service.settings.images[pattern] = Image(**{**image, "programs": Path(image["programs"])})
    if "interrupt" in given:
        service.interrupt(given["interrupt"])
    if "crash" in given:
        service.crash(given["crash"])
    if given.get("expire_tokens"):
        service.expire_tokens()
