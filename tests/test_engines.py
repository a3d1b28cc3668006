"""The engine: found where its own command line finds it, waited for, and understood when it refuses."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import socket
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from docker.errors import APIError, DockerException
from urllib3.exceptions import ProtocolError

from alekseylearn import engines
from alekseylearn.containers import ContainerSpec, Gpus
from alekseylearn.engines import Engine, RefusedError, connect_engine, find_address, refusal
from alekseylearn.errors import MachineError
from alekseylearn.log_reading import LogEntry
from alekseylearn.tables import AUTO

MEETING = 1_789_997_600
"""Seconds since 1970 at 13:33:20 UTC on 21 September 2026."""


# -- where it is ------------------------------------------------------------------------------------------------------


@pytest.fixture
def docker_config(tmp_path: Path) -> Path:
    """Give a folder as `docker context` keeps it, with one context `far`."""
    meta = tmp_path / "contexts" / "meta" / hashlib.sha256(b"far").hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Name": "far", "Endpoints": {"docker": {"Host": "tcp://far:2376"}}}))
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "far"}))
    return tmp_path


def test_a_named_address_comes_first(docker_config: Path) -> None:
    environ = {"DOCKER_HOST": "tcp://a:1", "CONTAINER_HOST": "tcp://b:1", "DOCKER_CONFIG": str(docker_config)}
    assert find_address(environ) == "tcp://a:1"
    assert find_address({**environ, "DOCKER_HOST": ""}) == "tcp://b:1"


def test_the_context_in_use_comes_next(docker_config: Path) -> None:
    environ = {"DOCKER_CONFIG": str(docker_config)}
    assert find_address(environ) == "tcp://far:2376"
    assert not find_address({**environ, "DOCKER_CONTEXT": "default"}).startswith("tcp:")
    (docker_config / "config.json").unlink()
    assert find_address({**environ, "DOCKER_CONTEXT": "far"}) == "tcp://far:2376"


def test_contexts_lie_at_home_where_nothing_else_is_said(
    docker_config: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("somebody")
    (home / ".docker").symlink_to(docker_config)
    assert find_address({"HOME": str(home)}) == "tcp://far:2376"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "5", "null", '"far"', '{"currentContext": 5}', '{"currentContext": "gone"}', '{"currentContext": ""}', "\udcff"]
)  # fmt: skip
def test_a_broken_configuration_means_the_default_context(docker_config: Path, text: str) -> None:
    (docker_config / "config.json").write_bytes(text.encode(errors="surrogateescape"))
    assert find_address({"DOCKER_CONFIG": str(docker_config), "XDG_RUNTIME_DIR": "/nowhere"}).startswith("unix:")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Endpoints": {"docker": null}}', '{"Endpoints": {"docker": {}}}'])
def test_a_broken_context_means_the_default_one(docker_config: Path, text: str) -> None:
    next((docker_config / "contexts" / "meta").iterdir()).joinpath("meta.json").write_text(text)
    assert find_address({"DOCKER_CONFIG": str(docker_config)}).startswith("unix:")


@pytest.fixture
def short() -> Iterator[Path]:
    """Give a folder whose path is short enough for a socket's address."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


@contextmanager
def listening(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        yield


def test_the_usual_sockets_are_looked_for_one_after_the_other(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (engines.DOCKER_SOCKET, engines.PODMAN_SOCKET) == ("/var/run/docker.sock", "/run/podman/podman.sock")
    # Whatever listens on this machine is not asked.
    monkeypatch.setattr(engines, "DOCKER_SOCKET", str(short / "docker.sock"))
    monkeypatch.setattr(engines, "PODMAN_SOCKET", str(short / "podman.sock"))
    environ = {"XDG_RUNTIME_DIR": str(short / "run"), "HOME": str(short / "home")}
    assert find_address(environ) == find_address({}) == f"unix://{short}/docker.sock"
    for place in (
        "podman.sock",
        "run/podman/podman.sock",
        "home/.docker/run/docker.sock",
        "run/docker.sock",
        "docker.sock",
    ):
        with listening(short / place):
            assert find_address(environ) == f"unix://{short / place}"
            (short / place).unlink()
            # A file is no socket.
            (short / place).touch()


def test_a_place_that_cannot_be_looked_at_is_passed_over() -> None:
    assert find_address({"XDG_RUNTIME_DIR": "/" + "x" * 300, "HOME": "/" + "y" * 5000}).startswith("unix:")


# -- reaching it ------------------------------------------------------------------------------------------------------


class Answers(BaseHTTPRequestHandler):
    """Answer each request with the JSON that the server has for its path."""

    def do_GET(self) -> None:
        server: Any = self.server
        name = self.path.rpartition("/")[2]
        body = json.dumps(server.answers.get(name, {"message": "page not found"})).encode()
        self.send_response(200 if name in server.answers else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def engine_at(path: Path, **answers: Any) -> Iterator[Mapping[str, str]]:
    """Serve *answers* by path as an engine would; yields the environment that points there."""
    with UnixStreamServer(str(path), Answers) as server:
        server.answers = answers  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield {"DOCKER_HOST": f"unix://{path}"}
        server.shutdown()
        thread.join()


def unreachable(environ: Mapping[str, str]) -> MachineError:
    with warnings.catch_warnings():
        # The client leaves the socket of a connection that failed to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            connect_engine(environ)
        except MachineError as error:
            told = MachineError(error.slug, error.what, where=error.where, hint=error.hint)
        else:
            pytest.fail("an engine answered")
        gc.collect()
    assert told.where == environ["DOCKER_HOST"]
    assert told.hint
    return told


def test_an_engine_that_answers_says_what_it_is(short: Path) -> None:
    version = {"ApiVersion": "1.52", "Version": "29.1.0", "Components": [{"Name": "Engine", "Version": "29.1.0"}]}
    info = {"NCPU": 8, "SecurityOptions": ["name=seccomp,profile=builtin"]}
    with engine_at(short / "s", version=version, info=info) as environ:
        engine = connect_engine(environ)
        engine._client.close()
    assert (engine.kind, engine.version, engine.cores) == ("docker", "29.1.0", 8)
    assert (engine.local, engine.rootless) == (True, False)
    assert engine.address == environ["DOCKER_HOST"]


def test_podman_is_known_by_its_own_name(short: Path) -> None:
    version = {"ApiVersion": "1.41", "Version": "5.4.2", "Components": [{"Name": "Podman Engine", "Version": "5.4.2"}]}
    with engine_at(short / "s", version=version, info={"SecurityOptions": ["name=rootless"]}) as environ:
        engine = connect_engine(environ)
        engine._client.close()
    assert (engine.kind, engine.version, engine.rootless, engine.cores) == ("podman", "5.4.2", True, 1)


@pytest.mark.parametrize("api", ["1.40", "1.24", "1.12"])
def test_an_engine_that_is_too_old_is_told_to_be(short: Path, api: str) -> None:
    with engine_at(short / "s", version={"ApiVersion": api, "Version": "1"}, info={}) as environ:
        error = unreachable(environ)
    assert error.slug == "docker.version"
    assert "20.10" in error.what


@pytest.mark.parametrize("answers", [{}, {"version": {}}, {"version": []}])
def test_what_is_no_engine_is_not_taken_for_one(short: Path, answers: Mapping[str, Any]) -> None:
    with engine_at(short / "s", **answers) as environ:
        assert unreachable(environ).slug == "docker.engine"


def test_no_socket_at_all_is_told_with_what_to_install(short: Path) -> None:
    error = unreachable({"DOCKER_HOST": f"unix://{short}/none"})
    assert error.slug == "docker.engine"
    assert "install" in error.hint


def test_a_socket_that_nobody_listens_on_is_no_engine(short: Path) -> None:
    with listening(short / "s"):
        assert unreachable({"DOCKER_HOST": f"unix://{short}/s"}).slug == "docker.engine"


def test_a_socket_that_this_user_may_not_open_is_told_apart(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: socket.socket, address: object) -> None:
        raise PermissionError(13, os.strerror(13))

    # Root may open any socket, so the system's answer is made up.
    monkeypatch.setattr(socket.socket, "connect", refused)
    error = unreachable({"DOCKER_HOST": f"unix://{short}/s"})
    assert error.slug == "docker.engine"
    assert "may not use" in error.what
    assert "group docker" in error.hint


@pytest.mark.parametrize("address", ["nonsense://x", "tcp://", "unix://"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    assert unreachable({"DOCKER_HOST": address}).slug == "docker.engine"


def test_an_engine_by_ssh_needs_a_package_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise DockerException("Install paramiko package to enable ssh:// support")

    monkeypatch.setattr("docker.APIClient", missing)
    assert "paramiko" in unreachable({"DOCKER_HOST": "ssh://far"}).hint


def test_certificates_that_are_not_there_are_told(tmp_path: Path) -> None:
    environ = {"DOCKER_HOST": "tcp://127.0.0.1:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)}
    assert unreachable(environ).slug == "docker.engine"


# -- waiting for it ---------------------------------------------------------------------------------------------------


class Client:
    """An engine's client that answers each request by the next of its own, raising those that are errors."""

    def __init__(self) -> None:
        self.base_url = "http+docker://localhost/"
        self.next: list[Any] = []
        self.asked: list[Any] = []

    def version(self) -> Mapping[str, Any]:
        return {"Version": "29.1.0"}

    def info(self) -> Mapping[str, Any]:
        return {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def answer(*args: Any, **more: Any) -> Any:
            self.asked.append((name, args, more))
            found = self.next.pop(0) if self.next else None
            if isinstance(found, Exception):
                raise found
            return found

        return answer


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(client: Client, clock: Clock) -> Engine:
    made: Any = client
    return Engine(made, "unix:///x", clock=clock, sleep=clock.sleep, patience=10)


def refused(status: int, words: str) -> APIError:
    response = requests.Response()
    response.status_code = status
    return APIError(words, response, explanation=words)


SILENCE = [
    requests.exceptions.ConnectionError("gone"),
    requests.exceptions.ReadTimeout("slow"),
    requests.exceptions.ChunkedEncodingError("cut"),
    ProtocolError("cut"),
    ConnectionResetError("reset"),
    TimeoutError("slow"),
]


@pytest.mark.parametrize("error", SILENCE, ids=[type(error).__name__ for error in SILENCE])
def test_an_engine_that_falls_silent_is_asked_again(
    engine: Engine, client: Client, clock: Clock, error: Exception
) -> None:
    client.next = [error, error, {"Id": "f00"}]
    assert engine.inspect("x") == {"Id": "f00"}
    assert len(client.asked) == 3
    assert 0 < clock.now < 10


def test_an_engine_that_stays_silent_is_given_up_after_a_while(engine: Engine, client: Client, clock: Clock) -> None:
    client.next = [requests.exceptions.ConnectionError("gone")] * 1000
    with pytest.raises(MachineError, match=r"docker\.gone") as caught:
        engine.inspect("x")
    assert 10 <= clock.now < 11
    assert caught.value.where == "unix:///x"
    assert "run the same command again" in caught.value.hint


def test_waiting_begins_with_the_silence_however_long_the_request_took(engine: Engine, clock: Clock) -> None:
    taken = iter([3600.0, 3600.0, 0.0])
    left = iter([ConnectionError("gone"), None])

    def long() -> str:
        clock.now += next(taken)
        error = next(left)
        if error is not None:
            raise error
        return "done"

    assert engine.ask(long) == "done"


def test_a_refusal_is_told_at_once(engine: Engine, client: Client, clock: Clock) -> None:
    client.next = [refused(500, "an oracle said no")]
    with pytest.raises(RefusedError, match="an oracle said no") as caught:
        engine.start("x")
    assert (caught.value.status, caught.value.words) == (500, "an oracle said no")
    assert clock.now == 0
    error = refusal(caught.value.words, "here")
    assert (error.slug, error.where) == ("docker.start", "here")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), PermissionError("no"), ValueError("odd")])
def test_what_fails_on_this_side_is_not_the_engines_silence(engine: Engine, clock: Clock, error: Exception) -> None:
    def read(_: Iterable[bytes]) -> None:
        raise error

    def get_archive(*_: object, **__: object) -> Any:
        return [b""], {}

    engine._client = SimpleNamespace(get_archive=get_archive)  # type: ignore[assignment]
    with pytest.raises(type(error)) as caught:
        engine.get("x", "/opt/ml/model", read)
    assert caught.value is error
    assert clock.now == 0


def test_a_stream_that_breaks_off_is_read_anew(engine: Engine, client: Client) -> None:
    client.next = [([b"bro"], {}), ([b"whole"], {})]

    def read(chunks: Iterable[bytes]) -> bytes:
        data = b"".join(chunks)
        if data != b"whole":
            raise ConnectionError("the archive broke off")
        return data

    assert engine.get("x", "/opt/ml/model", read) == b"whole"


# -- what is not there, and what is there already ---------------------------------------------------------------------


def test_what_is_not_there_is_no_error(engine: Engine, client: Client) -> None:
    gone = refused(404, "No such container: x")
    client.next = [gone] * 4
    assert engine.inspect("x") is None
    assert engine.image("x") is None
    assert engine.get("x", "/opt/ml/model", list) is None
    assert engine.log("x") == []


@pytest.mark.parametrize(
    "ask", [Engine.inspect, Engine.image, Engine.log, lambda engine, name: engine.get(name, "/", list)]
)
def test_any_other_refusal_is_one(engine: Engine, client: Client, ask: Callable[[Engine, str], object]) -> None:
    client.next = [refused(500, "an oracle said no")]
    with pytest.raises(RefusedError, match="oracle"):
        ask(engine, "x")


@pytest.mark.parametrize(
    ("words", "gone"),
    [
        ("No such container: alekseylearn-c0ffee", True),
        ('no container with name or ID "x" found: no such container', True),
        ("container f00 is marked for removal and cannot be started", True),
        ("removal of container f00 is already in progress", True),
        ("Conflict. The container name is already in use", False),
    ],
)
def test_a_container_that_is_gone_is_known_by_what_the_engine_says(words: str, gone: bool) -> None:
    assert RefusedError(words, 500).gone is gone


def test_a_name_that_another_has_is_not_given_twice(engine: Engine, client: Client) -> None:
    client.next = [
        None,
        refused(409, "Conflict"),
        refused(500, "renaming: the container name x is already in use"),
        refused(500, "updating container config table: UNIQUE constraint failed: ContainerConfig.Name"),
        refused(500, "an oracle said no"),
    ]
    assert engine.rename("f00", "x")
    assert not engine.rename("f00", "x")
    assert not engine.rename("f00", "x")
    assert not engine.rename("f00", "x")
    with pytest.raises(RefusedError):
        engine.rename("f00", "x")


def test_a_signal_to_what_has_ended_and_the_removal_of_what_is_gone_are_done(engine: Engine, client: Client) -> None:
    client.next = [refused(409, "is not running"), refused(404, "no such container")]
    engine.signal("x", "SIGTERM")
    engine.remove("x")
    assert client.asked == [
        ("kill", ("x", "SIGTERM"), {}),
        ("remove_container", ("x",), {"v": True, "force": True}),
    ]


def test_files_are_put_and_containers_listed_by_label(engine: Engine, client: Client) -> None:
    client.next = [True, [{"Id": "f00"}]]
    engine.put("x", "/opt/ml", b"tar")
    assert engine.containers("io.alekseylearn.digest") == [{"Id": "f00"}]
    assert client.asked == [
        ("put_archive", ("x", "/opt/ml", b"tar"), {}),
        ("containers", (), {"all": True, "filters": {"label": "io.alekseylearn.digest"}}),
    ]


SPEC = ContainerSpec(image="i", user="1000:1000", command=("timeout", "1"), environ={}, labels={}, shm_size=1)


def test_a_request_that_broke_off_is_made_again_under_another_name(engine: Engine, client: Client) -> None:
    client.next = [requests.exceptions.ReadTimeout("slow"), {"Id": "f00"}]
    assert engine.create(SPEC) == "f00"
    names = [args[1] for _, args, _ in client.asked]
    assert len(set(names)) == 2
    assert all(name.startswith("alekseylearn-new-") for name in names)
    assert client.asked[0][1][0]["Image"] == "i"


def answer_of(status: int, body: Mapping[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(ok=status < 400, status_code=status, json=lambda: body)


def test_podman_is_asked_by_its_own_api_for_gpus(engine: Engine, client: Client) -> None:
    spec = ContainerSpec(
        user="1000:1000",
        image="i",
        command=("timeout", "1"),
        environ={},
        labels={},
        shm_size=1,
        gpus=Gpus(request=AUTO, way="libpod"),
    )
    client.next = [answer_of(201, {"Id": "f00"})]
    assert engine.create(spec) == "f00"
    name, args, more = client.asked.pop()
    assert (name, args) == ("post", ("http+docker://localhost/v4.0.0/libpod/containers/create",))
    assert more["json"]["devices"] == [{"path": "nvidia.com/gpu=all"}]
    for body, words in (
        ({"cause": "no such device", "message": "setting up CDI"}, "no such device"),
        ({"message": "setting up CDI"}, "setting up CDI"),
        ({"odd": 1}, "{'odd': 1}"),
    ):
        client.next = [answer_of(500, body)]
        with pytest.raises(RefusedError) as caught:
            engine.create(spec)
        assert (caught.value.words, caught.value.status) == (words, 500)


# -- its log ----------------------------------------------------------------------------------------------------------


def logged(engine: Engine, client: Client, *frames: bytes) -> list[LogEntry]:
    client.next = [iter(frames)]
    return engine.log("x", since=5, errors=True)


@pytest.mark.parametrize(
    ("stamp", "nanoseconds"),
    [
        # docker
        ("2026-09-21T13:33:20.123456789Z", 123_456_789),
        ("2026-09-21T13:33:20.120000000Z", 120_000_000),
        # podman: its machine's own zone, and no zeros at the end
        ("2026-09-21T13:33:20.12Z", 120_000_000),
        ("2026-09-21T15:33:20.123456789+02:00", 123_456_789),
        ("2026-09-21T08:03:20.5-05:30", 500_000_000),
        ("2026-09-21T13:33:20Z", 0),
        ("2026-09-21T13:33:20+00:00", 0),
    ],
)
def test_moments_are_read_as_each_engine_writes_them(
    engine: Engine, client: Client, stamp: str, nanoseconds: int
) -> None:
    found = logged(engine, client, stamp.encode() + b" a line\n")
    assert found == [LogEntry(MEETING * 10**9 + nanoseconds, b"a line\n")]


def test_an_entry_is_what_stands_behind_the_moment_to_the_byte(engine: Engine, client: Client) -> None:
    stamp = b"2026-09-21T13:33:20Z"
    found = logged(engine, client, stamp + b"  \xff\r\n", stamp + b" ", stamp, b"no moment\n", stamp + b" " + stamp)
    assert [entry.data for entry in found] == [b" \xff\r\n", b"", b"", stamp]


def test_a_log_is_asked_for_from_a_second_on_and_from_the_beginning_without_one(engine: Engine, client: Client) -> None:
    logged(engine, client)
    client.next = [iter(())]
    engine.log("x")
    asked = [more for _, _, more in client.asked]
    assert [(more["since"], more["stdout"], more["stderr"]) for more in asked] == [
        (5, False, True),
        (None, True, False),
    ]


def test_a_log_that_breaks_off_is_read_anew(engine: Engine, client: Client) -> None:
    def cut() -> Iterator[bytes]:
        yield b"2026-09-21T13:33:20Z a\n"
        raise ProtocolError("cut")

    client.next = [cut(), iter([b"2026-09-21T13:33:20Z a\n", b"2026-09-21T13:33:21Z b\n"])]
    assert [entry.data for entry in engine.log("x")] == [b"a\n", b"b\n"]


# -- pulling ----------------------------------------------------------------------------------------------------------


def test_a_pull_is_heard_and_told_again_where_it_broke_off(engine: Engine, client: Client) -> None:
    def cut() -> Iterator[Mapping[str, Any]]:
        yield {"status": "one"}
        raise requests.exceptions.ChunkedEncodingError("cut")

    client.next = [cut(), iter([{"status": "one"}, {"status": "two"}])]
    heard: list[Any] = []
    engine.pull("python:3.12", {"username": "AWS", "password": "p"}, heard.append)
    assert [event["status"] for event in heard] == ["one", "one", "two"]
    assert client.asked[0] == (
        "pull",
        ("python:3.12",),
        {"stream": True, "decode": True, "auth_config": {"username": "AWS", "password": "p"}},
    )


def test_a_login_that_cannot_be_looked_up_is_a_refusal(engine: Engine, client: Client) -> None:
    client.next = [DockerException("Credentials store error: docker-credential-desktop not installed")]
    with pytest.raises(RefusedError, match="docker-credential-desktop"):
        engine.pull("python:3.12", None, lambda _: None)
    assert client.asked[0][2]["auth_config"] is None
