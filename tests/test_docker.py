"""A container from its making to its end: what holds beside the promises that every backend keeps."""

from __future__ import annotations

import gc
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import docker
import pytest

from alekseylearn.backends.base import Options
from alekseylearn.backends.docker import DockerBackend
from alekseylearn.bundle import Bundle
from alekseylearn.engines import connect_engine
from alekseylearn.errors import MachineError
from alekseylearn.jobs import JobState
from alekseylearn.results import read_result
from alekseylearn.tables import read_docker
from tests.contract.jobs import TOKEN, Gate, Site, bundle_of, ended, site_on, until
from tests.rig.docker.engine import Engine, OwnEngine
from tests.rig.docker.image import BASE, SKLEARN
from tests.wheels import make_wheel

KILLS = int(os.environ.get("ALEKSEYLEARN_KILLS", "30"))
ROOT = Path(__file__).parents[1]


@pytest.fixture
def site(docker_engine: Engine, tmp_path: Path) -> Site:
    return site_on(docker_engine, tmp_path)


@pytest.fixture
def client(docker_engine: Engine) -> Iterator[docker.DockerClient]:
    with closing(docker_engine.client()) as client:
        yield client


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path / "gate")


def run(site: Site, *cells: str, into: Path | None = None, **manifest: Any) -> tuple[JobState, tuple[str, ...]]:
    """Train *cells* to their end; returns the state and the lines, and collects if asked to."""
    backend = site.connect()
    bundle, digest = bundle_of(*cells, **manifest)
    job = backend.submit(bundle, name="toy", digest=digest)
    state, lines = ended(backend, job), backend.logs(job).lines
    if into is not None:
        backend.collect(job, into)
    backend.discard(job)
    return state, lines


# -- what the job may do -----------------------------------------------------------------------------------------

INSIDE = """
import json, os, socket, subprocess, sys, tempfile
def refused(act):
    try:
        act()
    except OSError as error:
        return type(error).__name__
    return ""
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
try:
    open(os.environ["SM_CHANNEL_GATE"] + "/mine", "w")
    written = True
except OSError:
    written = False
print(json.dumps({
    "user": [os.getuid(), os.getgid(), os.getgroups()],
    "capabilities": [int(status[f"Cap{each}"], 16) for each in ("Eff", "Prm", "Inh", "Bnd", "Amb")],
    "new": status["NoNewPrivs"].strip(),
    "refused": [
        refused(lambda: open("/mine", "w")),
        refused(lambda: open("/etc/mine", "w")),
        refused(lambda: open("/usr/local/lib/mine", "w")),
        refused(lambda: os.mknod("/tmp/device", 0o600 | 0o060000, os.makedev(8, 0))),
        refused(lambda: os.chroot("/tmp")),
        refused(lambda: os.setuid(54321)),
        refused(lambda: os.chown(os.environ["SM_MODEL_DIR"], 54321, 54321)),
        refused(lambda: socket.create_connection(("192.0.2.1", 80), 1)),
        refused(lambda: open("/proc/sys/kernel/core_pattern", "w")),
    ],
    "own": [tempfile.mkdtemp(), tempfile.mkdtemp(dir="/tmp"), tempfile.mkdtemp(dir=os.path.expanduser("~"))],
    "sockets": [path for path in ("/var/run/docker.sock", "/run/docker.sock", "/run/podman/podman.sock") if os.path.exists(path)],
    "mounts": [line.split()[1:4] for line in open("/proc/self/mounts").read().splitlines()],
    "processes": sum(name.isdecimal() for name in os.listdir("/proc")),
    "environ": dict(os.environ),
    "first environ": open("/proc/1/environ").read(),
    "hostname": socket.gethostname(),
    "address": socket.gethostbyname("algo-1"),
    "interfaces": sorted(name for _, name in socket.if_nameindex()),
    "channel": os.environ["SM_CHANNEL_GATE"],
    "written": written,
    "shm": os.statvfs("/dev/shm").f_blocks * os.statvfs("/dev/shm").f_frsize,
    "config": sorted(os.listdir("/opt/ml/input/config")),
    "parent": open("/proc/1/cmdline").read().split("\\0")[0],
}))
"""


@pytest.fixture(scope="module", params=["ours", "54:55"])
def inside(docker_engine: Engine, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Any:
    """Return what a job sees that runs as who asked for it, and as anybody else."""
    folder = tmp_path_factory.mktemp("inside")
    site = site_on(docker_engine, folder)
    backend = site.connect(GITHUB_TOKEN="canary", MY_KEY="canary")
    assert isinstance(backend, DockerBackend)
    backend._user = backend._user if request.param == "ours" else request.param
    bundle, digest = bundle_of(f"which = {request.param!r}", INSIDE)
    job = backend.submit(bundle, name="toy", digest=digest)
    assert ended(backend, job) is JobState.SUCCEEDED, backend.logs(job).lines
    seen = json.loads(backend.logs(job).lines[0])
    told = json.dumps(backend._engine.inspect(job.place))
    backend.collect(job, folder / "into")
    backend.discard(job)
    return {**seen, "asked": [*map(int, backend._user.split(":"))], "into": folder / "into", "told": told}


def test_a_job_is_who_asked_for_it_and_may_do_nothing_but_its_work(inside: Any) -> None:
    assert inside["user"][:2] == inside["asked"]
    assert set(inside["user"][2]) <= {inside["asked"][1]}
    assert inside["capabilities"] == [0] * 5
    assert inside["new"] == "1"
    assert "" not in inside["refused"]
    assert set(inside["refused"][:3]) <= {"OSError", "PermissionError"}


def test_a_job_sees_nothing_of_the_machine(inside: Any) -> None:
    assert inside["sockets"] == []
    # Itself, its supervisor, the first process.
    assert inside["processes"] <= 4
    assert "canary" not in json.dumps(inside["environ"]) + inside["first environ"]
    # Nor does whoever may ask the engine.
    assert "canary" not in inside["told"]
    root = next(mount for mount in inside["mounts"] if mount[0] == "/")
    assert "ro" in root[2].split(",")
    own = {"/opt/ml", "/tmp", "/var/tmp", "/dev/shm", "/opt/ml/input/data/gate"}
    names = {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}
    system = ("/proc", "/sys", "/dev")
    others = {place for place, _, _ in inside["mounts"] if place not in own | names | {"/"}}
    assert all(place.startswith(system) for place in others), others


def test_a_job_has_folders_of_its_own_for_what_is_no_result(inside: Any) -> None:
    assert [path.rpartition("/")[0] for path in inside["own"]] == ["/opt/ml/tmp", "/tmp", "/opt/ml/home"]


def test_nothing_that_comes_home_is_anybody_elses(inside: Any) -> None:
    assert {path.lstat().st_uid for path in inside["into"].rglob("*")} == {os.getuid()}


def test_a_job_has_no_network_and_what_a_sagemaker_job_finds(inside: Any) -> None:
    assert (inside["hostname"], inside["address"], inside["interfaces"]) == ("algo-1", "127.0.0.1", ["lo"])
    assert (inside["channel"], inside["written"]) == ("/opt/ml/input/data/gate", False)
    assert inside["shm"] == 2 * 2**30
    assert inside["config"] == ["hyperparameters.json", "inputdataconfig.json", "resourceconfig.json"]
    assert inside["parent"] == "timeout"


def test_the_configuration_sets_the_limits(docker_engine: Engine, client: docker.DockerClient, tmp_path: Path) -> None:
    site = site_on(docker_engine, tmp_path, memory="300m", cpus=0.5, shm_size="32m", network="bridge")
    backend = site.connect()
    bundle, digest = bundle_of("x = 1")
    job = backend.submit(bundle, name="toy", digest=digest)
    ended(backend, job)
    host = client.containers.get(job.place).attrs["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"]) == (300 * 2**20, 300 * 2**20, 500_000_000)
    assert (host["ShmSize"], host["NetworkMode"]) == (32 * 2**20, "bridge")


def test_what_comes_home_belongs_to_whoever_fetched_it(site: Site, tmp_path: Path) -> None:
    theirs = """
        import os
        path = os.environ["SM_MODEL_DIR"] + "/theirs"
        open(path, "w").close()
        os.chmod(path, 0o400)
        os.link(path, os.environ["SM_MODEL_DIR"] + "/twin")
        """
    run(site, theirs, into=tmp_path / "into")
    for name in ("theirs", "twin"):
        about = (tmp_path / "into" / "model" / name).stat()
        assert (about.st_uid, about.st_nlink) == (os.getuid(), 1)
        assert about.st_mode & 0o600 == 0o600


# -- stopping -----------------------------------------------------------------------------------------------------


def test_a_stopped_job_has_time_to_save_and_keeps_its_model(site: Site, gate: Gate, tmp_path: Path) -> None:
    saving = """
        import os, time
        try:
            print("reached", flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            time.sleep(0.5)
            open(os.environ["SM_MODEL_DIR"] + "/half", "w").write("half")
            raise
        """
    backend = site.connect()
    bundle, digest = bundle_of(saving)
    job = backend.submit(bundle, name="toy", digest=digest)
    gate.wait(backend, job)
    backend.cancel(job)
    assert ended(backend, job) is JobState.STOPPED
    assert (backend.collect(job, tmp_path / "into") / "model" / "half").read_text() == "half"


def test_a_job_that_does_not_know_how_to_stop_is_ended_by_the_engine(site: Site, tmp_path: Path) -> None:
    backend = site.connect()
    bundle, digest = bundle_of("x = 1")
    deaf = b"import time; print('deaf', flush=True); time.sleep(60)"
    job = backend.submit(type(bundle)({**bundle.files, "_al/supervisor.py": deaf}), name="toy", digest=digest)
    until(lambda: backend.logs(job).lines == ("deaf",), "the first line")
    backend.cancel(job)
    assert ended(backend, job) is JobState.STOPPED


@pytest.fixture
def refused() -> Iterator[None]:
    """Let go of the sockets that the SDK leaves open when nobody listens."""
    yield
    gc.collect()


# -- the engine goes and comes back ---------------------------------------------------------------------------------

COUNTS = """
import time
for number in range(60):
    print(number, flush=True)
    time.sleep(0.05)
"""


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.usefixtures("refused")
def test_a_job_survives_a_restart_of_its_engine_and_no_line_is_lost(own_engine: OwnEngine, tmp_path: Path) -> None:
    site = site_on(own_engine, tmp_path)
    backend = site.connect()
    bundle, digest = bundle_of(COUNTS)
    job = backend.submit(bundle, name="toy", digest=digest)
    lines: list[str] = []
    cursor = ""
    until(lambda: backend.logs(job).lines != (), "the first line")
    restarting = threading.Thread(target=own_engine.restart)
    restarting.start()
    while not (state := backend.poll(job)).ended:
        chunk = backend.logs(job, cursor)
        cursor, lines = chunk.cursor, [*lines, *chunk.lines]
        time.sleep(0.05)
    restarting.join()
    lines += backend.logs(job, cursor).lines
    assert state is JobState.SUCCEEDED
    assert lines == [str(number) for number in range(60)]


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.usefixtures("refused")
def test_an_engine_that_does_not_come_back_is_told_with_what_to_do(own_engine: OwnEngine, tmp_path: Path) -> None:
    environ = {"DOCKER_HOST": own_engine.host}
    engine = connect_engine(environ)
    engine._patience = 0.5
    options = Options(home=tmp_path, environ=environ, docker=read_docker({"image": BASE, "pull": "never"}))
    backend = DockerBackend(engine, options)
    bundle, digest = bundle_of("import time; time.sleep(5)")
    job = backend.submit(bundle, name="toy", digest=digest)
    own_engine.down()
    with pytest.raises(MachineError, match=r"docker\.gone") as told:
        backend.poll(job)
    assert "run the same command again" in told.value.hint
    own_engine.up()
    assert ended(backend, job) is JobState.SUCCEEDED


# -- clients die ----------------------------------------------------------------------------------------------------


def test_a_client_that_dies_at_any_request_leaves_one_job_or_none(
    docker_engine: Engine, client: docker.DockerClient, tmp_path: Path
) -> None:
    """The client is cut off after its first, second, third request ...; the next one brings the job to its end."""
    for requests in range(1, 30):
        site = site_on(docker_engine, tmp_path / str(requests))
        Path(site.folder).mkdir()
        backend = site.connect()
        assert isinstance(backend, DockerBackend)
        bundle, digest = bundle_of(f"{requests}", TOKEN)
        left = dying_after(backend, requests)
        with suppress(CutOffError):
            backend.submit(bundle, name="toy", digest=digest)
        again = site.connect()
        job = again.submit(bundle, name="toy", digest=digest)
        assert ended(again, job) is JobState.SUCCEEDED
        assert len(again.logs(job).lines) == 1
        started = [
            each.name
            for each in client.containers.list(all=True, filters={"label": f"io.alekseylearn.digest={digest}"})
            if each.status != "created"
        ]
        assert started == [job.place]
        again.discard(job)
        if left():
            break
    assert requests > 5


class CutOffError(BaseException):
    """As if the process had been killed here: nothing of it is cleaned up."""


def dying_after(backend: DockerBackend, requests: int) -> Any:
    """Let *backend* make so many requests and no more, not even to clean up; returns whether some are left."""
    real = backend._engine.ask
    count = iter(range(requests))

    def ask(action: Any) -> Any:
        if next(count, None) is None:
            raise CutOffError
        return real(action)

    backend._engine.ask = ask  # type: ignore[method-assign]
    return lambda: next(count, None) is not None


CLIENT = """if True:
    import json, os, random, signal, sys, time
    from pathlib import Path
    from tests.contract.jobs import Site, bundle_of
    site, kills, rng = Site.from_json(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
    folder = Path(site.folder)
    site.connect()
    cells = (
        "import os, time",
        "number = 0",
        '''
        while not os.path.exists(os.environ["SM_CHANNEL_GATE"] + "/open"):
            print(number, flush=True)
            number += 1
            time.sleep(0.01)
        print("end", flush=True)
        ''',
    )
    bundle, digest = bundle_of(*cells)

    def live():
        backend = site.connect()
        job = backend.submit(bundle, name="toy", digest=digest)
        told = (folder / "told").read_text().splitlines() if (folder / "told").exists() else []
        cursor = json.loads(told[-1])["cursor"] if told else ""
        out = os.open(folder / "told", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        while True:
            ended = backend.poll(job).ended
            chunk = backend.logs(job, cursor)
            cursor = chunk.cursor
            if chunk.lines:
                os.write(out, (json.dumps({"lines": chunk.lines, "cursor": cursor}) + chr(10)).encode())
            if ended:
                break
            time.sleep(0.01)
        if not (folder / "into").exists():
            backend.collect(job, folder / "into")

    def one(patience):
        child = os.fork()
        if child == 0:
            live()
            os._exit(0)
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if os.waitpid(child, os.WNOHANG)[0]:
                return True
            time.sleep(0.001)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return False

    for number in range(kills):
        one(rng.uniform(0, 0.4 if number % 2 else 0.15))
    (folder / "gate" / "open").touch()
    for _ in range(kills // 3):
        one(rng.uniform(0, 0.1))
    while not one(60):
        pass
    print(digest)
"""


def test_clients_killed_at_random_moments_lose_and_repeat_nothing(
    docker_engine: Engine, client: docker.DockerClient, tmp_path: Path
) -> None:
    jobs = max(1, KILLS // 10)
    for number in range(jobs):
        site = site_on(docker_engine, tmp_path / str(number))
        Path(site.folder).mkdir()
        seed = str(random.SystemRandom().randrange(2**32))
        command = [sys.executable, "-c", CLIENT, site.to_json(), "8", seed]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=200)
        assert (done.returncode, done.stderr) == (0, ""), seed
        told = [json.loads(line) for line in (tmp_path / str(number) / "told").read_text().splitlines()]
        lines = [line for record in told for line in record["lines"]]
        assert lines == [*map(str, range(len(lines) - 1)), "end"], seed
        result = json.loads((tmp_path / str(number) / "into" / "output" / "data" / "result.json").read_text())
        assert result["state"] == "succeeded"
        found = client.containers.list(all=True, filters={"label": f"io.alekseylearn.digest={done.stdout.strip()}"})
        assert len([each for each in found if each.status != "created"]) == 1, seed


def test_what_dead_clients_left_is_cleared_away_in_time(own_engine: OwnEngine, tmp_path: Path) -> None:
    site = site_on(own_engine, tmp_path)
    engine = connect_engine(site.environ)
    options = Options(home=tmp_path, environ=site.environ, docker=read_docker(site.docker))
    uncollected = DockerBackend(engine, options, clock=lambda: 1000.0)
    bundle, digest = bundle_of("x = 1")
    job = uncollected.submit(bundle, name="toy", digest=digest)
    ended(uncollected, job)
    half_made = DockerBackend(engine, options, clock=lambda: 1000.0)
    other, other_digest = bundle_of("x = 2")
    left = dying_after(half_made, 5)
    with pytest.raises(CutOffError):
        half_made.submit(other, name="toy", digest=other_digest)
    assert not left()
    del half_made._engine.ask  # type: ignore[method-assign]

    def there(digest: str) -> int:
        return len(engine.containers(f"io.alekseylearn.digest={digest}"))

    def somebody_submits(now: float) -> None:
        backend = DockerBackend(engine, options, clock=lambda: now)
        bundle, digest = bundle_of(f"now = {now}")
        job = backend.submit(bundle, name="toy", digest=digest)
        ended(backend, job)
        backend.discard(job)

    somebody_submits(1000.0 + 1800)
    assert (there(digest), there(other_digest)) == (1, 1)
    somebody_submits(1000.0 + 2 * 3600)
    assert (there(digest), there(other_digest)) == (1, 0)
    somebody_submits(1000.0 + 8 * 24 * 3600)
    assert (there(digest), there(other_digest)) == (0, 0)


def test_a_name_that_is_not_ours_is_left_alone(site: Site, client: docker.DockerClient) -> None:
    bundle, digest = bundle_of("x = 1")
    stranger = client.containers.create(BASE, name=f"alekseylearn-{digest[:12]}")
    try:
        with pytest.raises(MachineError, match=r"backend\.taken"):
            site.connect().submit(bundle, name="toy", digest=digest)
        assert site.connect().find(digest) is None
        stranger.reload()
    finally:
        stranger.remove()


def test_the_image_and_the_engine_are_written_down(site: Site, tmp_path: Path) -> None:
    run(site, "x = 1", into=tmp_path / "into")
    word: Mapping[str, Any] = json.loads((tmp_path / "into" / "backend.json").read_text())
    assert "alekseylearn-test/base" in word["environment"]["image"]
    assert re.search(r"sha256:[0-9a-f]{64}", word["environment"]["image"])
    assert site.connect().machine.split()[0] in ("docker", "podman")


# -- packages -------------------------------------------------------------------------------------------------------


def with_requirements(text: str, cell: str) -> tuple[Bundle, str]:
    bundle, digest = bundle_of(cell)
    return Bundle({**bundle.files, "requirements.txt": text.encode()}), digest


def test_packages_that_the_image_lacks_are_installed_where_there_is_a_network(
    docker_engine: Engine, tmp_path: Path
) -> None:
    site = site_on(docker_engine, tmp_path, image=SKLEARN, network="bridge")
    links = {"ALEKSEYLEARN_PASS_PIP_FIND_LINKS": "/opt/ml/input/data/gate", "ALEKSEYLEARN_PASS_PIP_NO_INDEX": "1"}
    backend = site.connect(**links)
    make_wheel(tmp_path / "gate", "toolbox", "1.5")
    bundle, digest = with_requirements("toolbox>=1.2\njoblib\n", "import toolbox; print(toolbox.__file__)")
    job = backend.submit(bundle, name="toy", digest=digest)
    assert ended(backend, job) is JobState.SUCCEEDED, backend.logs(job).lines
    assert backend.logs(job).lines[0] == "pip installs what the image lacks: toolbox>=1.2"
    assert "toolbox" in backend.logs(job).lines[-1]


def test_packages_that_the_image_lacks_are_named_where_there_is_no_network(
    docker_engine: Engine, tmp_path: Path
) -> None:
    backend = site_on(docker_engine, tmp_path, image=SKLEARN).connect()
    bundle, digest = with_requirements("toolbox>=1.2\njoblib\n", "print('ran')")
    job = backend.submit(bundle, name="toy", digest=digest)
    state = ended(backend, job)
    found = read_result(backend.collect(job, tmp_path / "into"), job, backend="docker", state=state)
    assert found.failure is not None
    assert (found.failure.exception, found.failure.message) == ("Requirements", "the image lacks toolbox>=1.2")
    assert "docker: {network: bridge}" in found.failure.hint
