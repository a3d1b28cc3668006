"""The image that a job trains in: found on the engine's machine, or pulled with the login that its registry wants."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from alekseylearn.catalogue import private_registry
from alekseylearn.engine_failures import pull_failure
from alekseylearn.engines import Engine, RefusedError
from alekseylearn.errors import MachineError
from alekseylearn.tables import Pull
from alekseylearn.transfers import Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image on the engine's machine; *digest* is its address by content (`name@sha256:...`), '' if it has none."""

    name: str
    id: str
    digest: str = ""

    @property
    def told(self) -> str:
        """Say which image it was, exactly."""
        return self.digest or f"{self.name} ({self.id})"


def find_image(
    engine: Engine,
    name: str,
    pull: Pull,
    *,
    watch: Callable[[Transfer], None],
    login: Callable[[str], Mapping[str, str] | None],
) -> Image:
    """Return the image called *name*, pulled if *pull* says so; raises `MachineError` `docker.pull`."""
    there = None if pull == "always" else engine.image(name)
    if there is None and pull == "never":
        hint = "load it there, or leave `pull: never` out"
        raise MachineError("docker.pull", "the image is not on the engine's machine", where=name, hint=hint)
    if there is None:
        _pull(engine, _tagged(name), login(name), watch)
        there = engine.image(name)
    if there is None:
        raise _refused(name, "no such image")
    digests = (str(digest) for digest in there.get("RepoDigests") or ())
    digest = next((digest for digest in digests if _is_of(digest, name)), "")
    return Image(name=name, id=str(there["Id"]), digest=digest)


def _is_of(digest: str, name: str) -> bool:
    """Tell whether *digest* is one of the repository that *name* means; engines may write its registry out."""
    repository, wanted = digest.partition("@")[0], _without_tag(name)
    return repository == wanted or repository.endswith(f"/{wanted}")


def _pull(engine: Engine, name: str, login: Mapping[str, str] | None, watch: Callable[[Transfer], None]) -> None:
    layers: dict[str, tuple[int, int]] = {}

    def hear(event: Mapping[str, Any]) -> None:
        if "error" in event:
            raise _refused(name, str(event["error"]))
        if _note(layers, event):
            done, total = (sum(sizes) for sizes in zip(*layers.values(), strict=True))
            watch(Transfer(name=name, done=done, total=total))

    try:
        engine.pull(name, login, hear)
    except RefusedError as error:
        raise _refused(name, error.words) from None


def _note(layers: dict[str, tuple[int, int]], event: Mapping[str, Any]) -> bool:
    """Remember how far the layer has come that *event* is about; tells whether anything is known by now."""
    layer, detail = str(event.get("id")), event.get("progressDetail") or {}
    if event.get("status") == "Downloading" and detail.get("total"):
        layers[layer] = (detail.get("current", 0), detail["total"])
    elif event.get("status") in ("Download complete", "Pull complete") and layer in layers:
        layers[layer] = (layers[layer][1],) * 2
    return bool(layers)


def _refused(name: str, words: str) -> MachineError:
    what, hint = pull_failure(words)
    return MachineError("docker.pull", f"the image cannot be pulled: {what}", where=name, hint=hint)


def _without_tag(name: str) -> str:
    plain = name.partition("@")[0]
    head, _, tail = plain.rpartition(":")
    return head if head and "/" not in tail else plain


def _tagged(name: str) -> str:
    """Name the tag that is meant: without one, engines pull them all."""
    return name if "@" in name or _without_tag(name) != name else f"{name}:latest"


def ecr_login(name: str, client: Callable[[str], Any]) -> Mapping[str, str] | None:
    """Return the login for an image in a private registry of AWS, by a boto3 client `ecr` for a region.

    None for other registries, and where AWS gives no token: the engine's own login may do then.
    """
    registry = private_registry(name)
    if registry is None:
        return None
    account, region = registry
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        token = client(region).get_authorization_token(registryIds=[account])
    except (BotoCoreError, ClientError):
        return None
    user, _, password = base64.b64decode(token["authorizationData"][0]["authorizationToken"]).decode().partition(":")
    return {"username": user, "password": password}
