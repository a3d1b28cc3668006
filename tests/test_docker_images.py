"""Images that are pulled from a real registry: progress, logins, digests, and what is said where it fails."""

from __future__ import annotations

import base64
import contextlib
import json
import os
from pathlib import Path

import pytest

from alekseylearn.engines import connect_engine
from alekseylearn.errors import MachineError
from alekseylearn.images import Image, find_image
from alekseylearn.tables import Pull
from alekseylearn.transfers import Transfer
from tests.rig.docker.engine import Engine, OwnEngine
from tests.rig.docker.image import BARE, BASE
from tests.rig.docker.registry import LOGIN, Registry


def fetch(
    engine: Engine, name: str, pull: Pull = "missing", login: dict[str, str] | None = None
) -> tuple[Image, list[Transfer]]:
    seen: list[Transfer] = []
    reached = connect_engine({"DOCKER_HOST": engine.host, "PATH": os.environ["PATH"]})
    return find_image(reached, name, pull, watch=seen.append, login=lambda _: login), seen


def test_an_image_is_pulled_with_progress_and_known_by_its_digest(
    docker_engine: Engine, own_engine: OwnEngine, registry: Registry
) -> None:
    digest = registry.push(docker_engine, BARE, "toys/bare:1")
    name = f"{registry.address}/toys/bare:1"
    image, seen = fetch(own_engine, name)
    assert image.digest == digest
    assert image.told == digest
    assert {transfer.name for transfer in seen} == {name}
    assert 0 < seen[-1].done == seen[-1].total
    assert all(transfer.done <= transfer.total for transfer in seen)
    again, unseen = fetch(own_engine, name)
    assert (again, unseen) == (image, [])
    by_digest, _ = fetch(own_engine, digest)
    assert by_digest.id == image.id


def test_an_image_that_moved_on_is_pulled_anew_only_where_that_is_asked_for(
    docker_engine: Engine, registry: Registry
) -> None:
    registry.push(docker_engine, BARE, "toys/moving:1")
    name = f"{registry.address}/toys/moving:1"
    first, _ = fetch(docker_engine, name)
    registry.push(docker_engine, BASE, "toys/moving:1")
    with contextlib.closing(docker_engine.client()) as client:
        # The push has named the newer one here; a machine of its own would still have the older.
        client.images.get(first.id).tag(name.rpartition(":")[0], tag="1")
    assert fetch(docker_engine, name)[0].id == first.id
    assert fetch(docker_engine, name, "always")[0].id != first.id


def test_a_registry_that_wants_a_login(docker_engine: Engine, locked_registry: Registry) -> None:
    locked_registry.push(docker_engine, BARE, "toys/locked:1")
    name = f"{locked_registry.address}/toys/locked:1"
    with contextlib.closing(docker_engine.client()) as client, contextlib.suppress(Exception):
        client.images.remove(name)
    with pytest.raises(MachineError, match=r"docker\.pull") as told:
        fetch(docker_engine, name)
    assert "docker login" in told.value.hint
    assert fetch(docker_engine, name, login=LOGIN)[0].name == name


def test_the_login_of_dockers_own_settings_is_used(
    docker_engine: Engine, locked_registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked_registry.push(docker_engine, BARE, "toys/mine:1")
    name = f"{locked_registry.address}/toys/mine:1"
    with contextlib.closing(docker_engine.client()) as client, contextlib.suppress(Exception):
        client.images.remove(name)
    login = base64.b64encode(f"{LOGIN['username']}:{LOGIN['password']}".encode()).decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {locked_registry.address: {"auth": login}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert fetch(docker_engine, name)[0].name == name


def test_what_is_not_there_is_told_with_what_to_do(docker_engine: Engine, registry: Registry) -> None:
    for name, word in (
        (f"{registry.address}/toys/none:1", "no such image or tag"),
        ("127.0.0.1:9/toys/none:1", "cannot be reached"),
        ("nowhere.invalid/toys/none:1", "cannot be reached"),
    ):
        with pytest.raises(MachineError, match=r"docker\.pull") as told:
            fetch(docker_engine, name)
        assert word in told.value.what
        assert (told.value.where, bool(told.value.hint)) == (name, True)
