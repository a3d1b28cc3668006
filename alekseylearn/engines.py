"""The container engine: found as its own command line finds it, and spoken to with patience."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from alekseylearn import landmarks
from alekseylearn.containers import PREFIX, ContainerSpec, engine_request, libpod_request
from alekseylearn.engine_failures import start_failure
from alekseylearn.errors import MachineError
from alekseylearn.gpu_requests import EngineKind
from alekseylearn.log_reading import LogEntry

if TYPE_CHECKING:
    from docker import APIClient

T = TypeVar("T")

PATIENCE = 180.0
"""Seconds for which an engine that does not answer is waited for: a restart, an update."""
DOCKER_SOCKET, PODMAN_SOCKET = "/var/run/docker.sock", "/run/podman/podman.sock"
"""Where engines of the machine's own root listen."""
OLDEST = "1.41"
"""The Engine API of docker 20.10."""
TIMEOUT = 120
"""Seconds after which one request is given up."""
_LIBPOD = "/v4.0.0/libpod/containers/create"
_LOG_LINE = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ?")


class RefusedError(Exception):
    """The engine answered, and refused; `words` are its own."""

    def __init__(self, words: str, status: int) -> None:
        self.words = words
        self.status = status
        super().__init__(words)

    @property
    def gone(self) -> bool:
        """Whether the container that was meant is not there any more, or on its way out."""
        return re.search(r"no such container|no container with name|removal", self.words, re.IGNORECASE) is not None


class Engine:
    """An engine that answered: docker, or podman by the same API. Requests wait for one that is restarted.

    Raises `MachineError` `docker.gone` when it does not come back, `RefusedError` when it refuses.
    """

    def __init__(
        self,
        client: APIClient,
        address: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        patience: float = PATIENCE,
    ) -> None:
        self._client = client
        self._clock = clock
        self._sleep = sleep
        self._patience = patience
        self.address = address
        version = self.ask(client.version)
        components = {part.get("Name"): part.get("Version") for part in version.get("Components") or ()}
        podman = components.get("Podman Engine")
        self.kind: EngineKind = "podman" if podman else "docker"
        self.version = str(podman or version.get("Version") or "")
        self.info: Mapping[str, Any] = self.ask(client.info)

    @property
    def local(self) -> bool:
        """Whether it runs on this very machine."""
        return self.address.startswith("unix:") and platform.system() == "Linux"

    @property
    def rootless(self) -> bool:
        """Whether it runs without the machine's root."""
        return any("rootless" in option for option in self.info.get("SecurityOptions") or ())

    @property
    def cores(self) -> int:
        """The cores of its machine."""
        return int(self.info.get("NCPU") or 1)

    def ask(self, action: Callable[[], T]) -> T:
        """Do *action*, a request that may be made twice; waits for an engine that does not answer.

        What else goes wrong in *action*, such as a disk of ours that is full, is its caller's to know.
        """
        from docker.errors import APIError
        from requests.exceptions import RequestException
        from urllib3.exceptions import HTTPError

        end: float | None = None
        while True:
            try:
                return action()
            except APIError as error:
                raise RefusedError(str(error.explanation or error), error.status_code or 500) from None
            except (RequestException, HTTPError, ConnectionError, TimeoutError) as error:
                # From the first silence on: what breaks off may have taken hours by then.
                now = self._clock()
                end = now + self._patience if end is None else end
                if now >= end:
                    raise MachineError(
                        "docker.gone",
                        f"the engine does not answer any more ({type(error).__name__})",
                        where=self.address,
                        hint="the container may live on: run the same command again when the engine is back",
                    ) from None
            self._sleep(0.5)

    def _unless_missing(self, action: Callable[[], T]) -> T | None:
        """Do *action*; None where what it is about is not there."""
        try:
            return self.ask(action)
        except RefusedError as error:
            if error.status == 404:
                return None
            raise

    def inspect(self, container: str) -> dict[str, Any] | None:
        """Describe a container; None when there is none of that name or id."""
        return self._unless_missing(lambda: dict(self._client.inspect_container(container)))

    def containers(self, label: str) -> list[dict[str, Any]]:
        """List the containers, running or not, that have *label*: as the engine lists them."""
        return list(self.ask(lambda: self._client.containers(all=True, filters={"label": label})))

    def create(self, spec: ContainerSpec) -> str:
        """Make a container under a name that nobody else has; returns its id."""

        def made() -> str:
            # A new name each time: what became of a request that broke off nobody knows.
            name = f"{PREFIX}new-{secrets.token_hex(8)}"
            if spec.gpus is not None and spec.gpus.way == "libpod":
                return self._create_by_libpod(libpod_request(spec, name))
            client: Any = self._client
            return str(client.create_container_from_config(engine_request(spec, self.kind), name)["Id"])

        container = self.ask(made)
        landmarks.passed("container.created")
        return container

    def _create_by_libpod(self, request: Mapping[str, Any]) -> str:
        root = self._client.base_url.rstrip("/")
        answer = self._client.post(f"{root}{_LIBPOD}", json=request, timeout=TIMEOUT)
        body = answer.json()
        if not answer.ok:
            raise RefusedError(str(body.get("cause") or body.get("message") or body), answer.status_code)
        return str(body["Id"])

    def rename(self, container: str, name: str) -> bool:
        """Give *container* its name; False when another has it."""
        try:
            self.ask(lambda: self._client.rename(container, name))
        except RefusedError as error:
            # The last are the words of podman's own database, where two came at the same moment.
            if error.status == 409 or re.search(r"already in use|UNIQUE constraint failed", error.words):
                return False
            raise
        return True

    def start(self, container: str) -> None:
        """Start *container*; one that runs is left alone."""
        self.ask(lambda: self._client.start(container))
        landmarks.passed("container.started")

    def signal(self, container: str, name: str) -> None:
        """Send a signal to the first process of *container*; one that does not run is left alone."""
        with suppress(RefusedError):
            self.ask(lambda: self._client.kill(container, name))

    def remove(self, container: str) -> None:
        """Remove *container* and its unnamed volumes, if it is there."""
        with suppress(RefusedError):
            self.ask(lambda: self._client.remove_container(container, v=True, force=True))

    def put(self, container: str, folder: str, archive: bytes) -> None:
        """Unpack the tar *archive* into *folder* of *container*."""
        self.ask(lambda: self._client.put_archive(container, folder, archive))

    def get(self, container: str, path: str, read: Callable[[Iterable[bytes]], T]) -> T | None:
        """Read *path* of *container* as a tar stream; None when it is not there.

        *read* begins anew with a new stream where the old one broke off (`ConnectionError`).
        """

        def whole() -> T:
            chunks, _ = self._client.get_archive(container, path, chunk_size=1024 * 1024)
            return read(chunks)

        return self._unless_missing(whole)

    def log(self, container: str, *, since: int = 0, errors: bool = False) -> list[LogEntry]:
        """Return the log from the second *since* on: standard output, or standard *errors*."""

        def whole() -> list[LogEntry]:
            stream = self._client.logs(
                container,
                stdout=not errors,
                stderr=errors,
                stream=True,
                timestamps=True,
                follow=False,
                since=since or None,
            )
            return list(_entries(stream))

        return self._unless_missing(whole) or []

    def image(self, name: str) -> dict[str, Any] | None:
        """Describe an image; None when it is not on the engine's machine."""
        client: Any = self._client
        return self._unless_missing(lambda: dict(client.inspect_image(name)))

    def pull(self, name: str, login: Mapping[str, str] | None, hear: Callable[[Mapping[str, Any]], None]) -> None:
        """Pull an image; *hear* is told what the engine tells of its progress, again where that broke off."""
        from docker.errors import DockerException

        def whole() -> None:
            auth = dict(login) if login else None
            for event in self._client.pull(name, stream=True, decode=True, auth_config=auth):
                hear(event)

        try:
            self.ask(whole)
        except DockerException as error:
            # No name of an image, or the helper that keeps the logins of the command line fails.
            raise RefusedError(str(error), 400) from None


def _entries(frames: Iterable[bytes]) -> Iterator[LogEntry]:
    for frame in frames:
        match = _LOG_LINE.match(frame)
        if match is not None:
            yield LogEntry(_nanoseconds(match), frame[match.end() :])


def _nanoseconds(match: re.Match[bytes]) -> int:
    zone = match[3].decode().replace("Z", "+00:00")
    seconds = datetime.fromisoformat(match[1].decode() + zone).timestamp()
    return int(seconds) * 10**9 + int((match[2] or b"0").ljust(9, b"0"))


def connect_engine(environ: Mapping[str, str]) -> Engine:
    """Reach the engine that *environ* points to, as the command `docker` would, else podman's socket.

    Raises `MachineError`: `docker.engine docker.version`.
    """
    from docker import APIClient
    from docker.errors import DockerException, TLSParameterError
    from docker.utils import kwargs_from_env

    address = find_address(environ)
    try:
        tls = kwargs_from_env(environment=dict(environ)).get("tls")
        client = APIClient(
            base_url=address,
            version="auto",
            timeout=TIMEOUT,
            tls=tls or False,
            use_ssh_client=address.startswith("ssh:"),
        )
    except (DockerException, TLSParameterError, OSError) as error:
        raise _unreachable(address, str(error)) from None
    if tuple(map(int, client.api_version.split("."))) < tuple(map(int, OLDEST.split("."))):
        client.close()
        raise _too_old(address)
    return Engine(client, address)


def find_address(environ: Mapping[str, str]) -> str:
    """Find the engine's address: `DOCKER_HOST`, the context in use, the usual sockets of docker and podman."""
    named = environ.get("DOCKER_HOST") or environ.get("CONTAINER_HOST") or _context_address(environ)
    if named:
        return named
    run, home = environ.get("XDG_RUNTIME_DIR", "/nowhere"), environ.get("HOME", "/nowhere")
    usual = (
        DOCKER_SOCKET,
        f"{run}/docker.sock",
        f"{home}/.docker/run/docker.sock",
        f"{run}/podman/podman.sock",
        PODMAN_SOCKET,
    )
    return f"unix://{next(filter(_is_socket, usual), usual[0])}"


def _is_socket(path: str) -> bool:
    try:
        return Path(path).is_socket()
    except OSError:
        # It may lie in a folder of somebody else's.
        return False


def _context_address(environ: Mapping[str, str]) -> str:
    """Read the address of docker's current context; '' for the default one."""
    folder = Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME", "/nowhere")) / ".docker")
    try:
        name = environ.get("DOCKER_CONTEXT") or json.loads((folder / "config.json").read_bytes()).get("currentContext")
        if not name or name == "default":
            return ""
        place = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
        return str(json.loads(place.read_bytes())["Endpoints"]["docker"]["Host"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def _unreachable(address: str, words: str) -> MachineError:
    if "Permission denied" in words:
        hint = "add your user to the group docker, or use a rootless engine"
        return MachineError("docker.engine", "this user may not use the container engine", where=address, hint=hint)
    if "no longer supported" in words:
        return _too_old(address)
    if "paramiko" in words:
        hint = "`pip install paramiko`, or reach the engine by another address"
        return MachineError("docker.engine", "an engine is reached by ssh with paramiko", where=address, hint=hint)
    hint = "install docker or podman and start it, or set DOCKER_HOST"
    return MachineError("docker.engine", "no container engine answers", where=address, hint=hint)


def _too_old(address: str) -> MachineError:
    return MachineError("docker.version", "the engine is older than docker 20.10", where=address, hint="update it")


def refusal(words: str, where: str) -> MachineError:
    """Turn what an engine said when it refused into an error with a remedy."""
    failure = start_failure(words)
    return MachineError(failure.slug, failure.what, where=where, hint=failure.hint)
