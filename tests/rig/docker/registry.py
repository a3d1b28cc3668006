"""A registry on loopback: the real one, with or without a login."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.rig.docker import background
from tests.rig.docker.engine import Engine
from tests.rig.docker.ground import RigError

PROGRAM = "docker-registry"
LOGIN = {"username": "rig", "password": "open sesame"}
"""What the locked registry lets in, in the form of the SDK's `auth_config`."""
PASSWORDS = "rig:$2b$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW"
"""The same for the registry: hashed once, so that nobody needs a program for it."""
DIGEST = re.compile(r"(?<=digest: )sha256:[0-9a-f]{64}")
"""As any engine tells it at the end of a push."""
PATIENCE = 15.0
"""Seconds that a registry has for an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """A registry at *address*, as it stands in front of an image's name; *login* is None where none is asked for."""

    address: str
    login: dict[str, str] | None

    @classmethod
    def start(cls, folder: Path, *, locked: bool = False) -> Registry:
        """Start a registry that keeps its images in the existing *folder*."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        (folder / "passwords").write_text(PASSWORDS, encoding="utf-8")
        access = {"htpasswd": {"realm": "rig", "path": f"{folder}/passwords"}} if locked else {}
        settings = {
            "version": "0.1",
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": f"{folder}/images"}, "delete": {"enabled": True}},
            "http": {"addr": address, "secret": "rig"},
            **({"auth": access} if access else {}),
        }
        (folder / "config.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        (folder / "registry.json").write_text(json.dumps([address, LOGIN if locked else None]), encoding="utf-8")
        registry = cls.at(folder)
        background.start([PROGRAM, "serve", f"{folder}/config.yml"], folder, answers=registry.answers)
        return registry

    @classmethod
    def at(cls, folder: Path) -> Registry:
        """Return the registry that was started in *folder*."""
        address, login = json.loads((folder / "registry.json").read_text(encoding="utf-8"))
        return cls(address=address, login=login)

    def answers(self) -> bool:
        """Return whether it is up: asking for a login is an answer, too."""
        # No proxy of the machine's stands between two of its programs.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            opener.open(f"http://{self.address}/v2/", timeout=PATIENCE).close()
        except urllib.error.HTTPError as error:
            error.close()
        except OSError:
            return False
        return True

    def push(self, engine: Engine, tag: str, name: str) -> str:
        """Put the image *tag* of *engine* here as *name* (`folder/name:tag`); return its whole name with the digest.

        *engine* forgets the new name at once, but it has the layers: a pull that shows progress takes another engine.
        """
        repository, _, version = f"{self.address}/{name}".rpartition(":")
        with contextlib.closing(engine.client()) as client:
            client.images.get(tag).tag(repository, version)
            try:
                told = [
                    json.loads(line)
                    for line in client.images.push(repository, version, auth_config=self.login).splitlines()
                ]
            finally:
                client.images.remove(f"{repository}:{version}")
        errors = [each["error"] for each in told if "error" in each]
        digests = [found[0] for each in told if (found := DIGEST.search(each.get("status", "")))]
        if errors or not digests:
            raise RigError(f"cannot push {name}: {errors or told[-1:]}")
        return f"{repository}@{digests[0]}"


def missing() -> str | None:
    """Return what this machine lacks for a registry, or None."""
    return None if shutil.which(PROGRAM) else f"a registry of the tests' own needs {PROGRAM} (Debian: {PROGRAM})"
