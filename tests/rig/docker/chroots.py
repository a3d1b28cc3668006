"""Run the tests of the docker backend on other engines than this machine's: `make test-engines`.

Each engine comes from Debian, in a root of its own below `build/engines`. What is mounted for it, and how it sets up
networks, is seen by the tests alone and gone with them: they run in namespaces of their own.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import DockerException

from tests.rig.docker import background, leftovers

CHECKOUT = Path(__file__).parents[3]
FOLDER = CHECKOUT / "build" / "engines"
PLACE = "srv/engine"
"""Where an engine has its files in its root, in memory; a rootless one sees `/run` and `/etc` through links."""
USER = 1000
"""Who runs a rootless engine."""
SUBORDINATES = f"{USER}:100000:65536\n"
INSIDE = "--inside"
TESTS = ("tests/contract/test_backends.py", "tests/test_docker*.py")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Variables = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A root with an engine: what Debian calls it, and how the engine is started in it.

    *start* yields the variables that lead the tests to the engine.
    """

    suite: str
    packages: tuple[str, ...]
    version: tuple[str, ...]
    start: Callable[[Path], AbstractContextManager[Variables]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What came of the tests on one engine."""

    engine: str
    version: str
    passed: int = 0
    failed: tuple[str, ...] = ()
    skipped: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        figures = f"{self.passed:>6} {len(self.failed):>6} {self.skipped:>7} {self.seconds:>7.0f}"
        return f"{self.engine:<16} {self.version:<22} {figures}"


@contextmanager
def as_the_rigs_own(root: Path) -> Iterator[Variables]:
    """Let the rig start the engine in *root*: it may be restarted, and be given a GPU that is not there."""
    yield {"ALEKSEYLEARN_ENGINE_ROOT": str(root)}


@contextmanager
def podman(root: Path) -> Iterator[Variables]:
    """Start Podman's service, with the limits that it may set where it may not raise any."""
    place = root / PLACE
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    processes = Path("/proc/sys/kernel/pid_max").read_text(encoding="utf-8").strip()
    (place / "containers.conf").write_text(
        f"""
        [containers]
        default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]
        log_driver = "k8s-file"
        [engine]
        cgroup_manager = "cgroupfs"
        events_logger = "file"
        runtime = "runc"
        """,
        encoding="utf-8",
    )
    # Docker takes a registry on loopback without TLS, Podman wants to be told; every port is meant.
    plain = '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n'
    (place / "registries.conf").write_text(plain, encoding="utf-8")
    command = ["podman", "--root", f"/{PLACE}/data", "--runroot", f"/{PLACE}/state"]
    serve = [*command, "system", "service", "--time", "0", f"unix:///{PLACE}/engine.sock"]
    variables = {
        "HOME": "/root",
        "CONTAINERS_CONF": f"/{PLACE}/containers.conf",
        "CONTAINERS_REGISTRIES_CONF": f"/{PLACE}/registries.conf",
        "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
    }
    with served(root, ["chroot", str(root), *serve], variables) as found:
        yield found


@contextmanager
def rootless(root: Path) -> Iterator[Variables]:
    """Start a rootless engine; the kernel gives no user namespace to who is in a mere chroot."""
    place = root / PLACE
    for name in ("home", "run"):
        (place / name).mkdir()
    (root / "etc" / "subuid").write_text(SUBORDINATES, encoding="utf-8")
    (root / "etc" / "subgid").write_text(SUBORDINATES, encoding="utf-8")
    user = f"engine:x:{USER}:{USER}::/{PLACE}/home:/bin/sh\n"
    accounts = root / "etc" / "passwd"
    if user not in accounts.read_text(encoding="utf-8"):
        accounts.write_text(accounts.read_text(encoding="utf-8") + user, encoding="utf-8")
    for path in (place, *place.iterdir()):
        os.chown(path, USER, USER)
    engine = "/usr/share/docker.io/contrib/dockerd-rootless.sh"
    drop = f"setpriv --reuid {USER} --regid {USER} --clear-groups"
    flags = f"--host unix:///{PLACE}/engine.sock --data-root /{PLACE}/data --iptables=false --log-level warn"
    script = f"cd {root} && pivot_root . mnt && umount -l /mnt && exec {drop} {engine} {flags}"
    variables = {"HOME": f"/{PLACE}/home", "XDG_RUNTIME_DIR": f"/{PLACE}/run"}
    # Not pytest's usual place, which only its owner may read.
    options = f"-p tests.rig.docker.readable --basetemp={tempfile.gettempdir()}/alekseylearn-readable"
    with served(root, ["unshare", "--mount", "sh", "-c", script], variables) as found:
        yield {**found, "PYTEST_ADDOPTS": options}


@contextmanager
def served(root: Path, command: list[str], variables: Variables) -> Iterator[Variables]:
    """Run an engine until the tests are done; it listens on `engine.sock` and gets nothing but *variables*."""
    place = root / PLACE
    host = f"unix://{place}/engine.sock"
    mark = {leftovers.MARK: str(place)}
    with (place / "engine.log").open("wb") as log:
        process = subprocess.Popen(
            command, env={"PATH": PATH, **variables, **mark}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        background.wait(process.pid, place / "engine.log", answers=lambda: background.answers(place / "engine.sock"))
        yield {"DOCKER_HOST": host}
    finally:
        with contextlib.suppress(DockerException, OSError):
            remove_containers(host)
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=background.PATIENCE)
        leftovers.kill(lambda: [*leftovers.marked(place)])
        process.wait()


def remove_containers(host: str) -> None:
    """Remove what the tests have left on an engine."""
    with contextlib.closing(docker.DockerClient(base_url=host, timeout=60)) as client:
        for container in client.containers.list(all=True, ignore_removed=True):
            container.remove(force=True, v=True)


DOCKER = ("docker.io", "iptables", "iproute2", "python3")
PODMAN = ("podman", "runc", "netavark", "aardvark-dns", "catatonit", "nftables", "iptables", "iproute2")
ROOTLESS = ("mount", "rootlesskit", "slirp4netns", "uidmap")
SYSTEMS: Mapping[str, System] = {
    "docker": System(suite="sid", packages=DOCKER, version=("dockerd", "--version"), start=as_the_rigs_own),
    "docker-stable": System(suite="trixie", packages=DOCKER, version=("dockerd", "--version"), start=as_the_rigs_own),
    "docker-rootless": System(
        suite="sid", packages=(*DOCKER, *ROOTLESS), version=("dockerd", "--version"), start=rootless
    ),
    "podman": System(suite="sid", packages=PODMAN, version=("podman", "--version"), start=podman),
    "podman-old": System(suite="bookworm", packages=PODMAN, version=("podman", "--version"), start=podman),
}


def main(arguments: list[str]) -> int:
    """Test on the engines named in *arguments*, or on all."""
    if arguments[:1] == [INSIDE]:
        return inside(arguments[1:])
    if shutil.which("mmdebstrap") is None:
        sys.exit("what makes the engines' roots is missing: `apt-get install mmdebstrap`")
    names = arguments or list(SYSTEMS)
    for name in names:
        # One that cannot be made is told of in the table, where the others are.
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            build(name)
    again = [sys.executable, "-m", "tests.rig.docker.chroots", INSIDE, *names]
    return subprocess.run(["unshare", "--mount", "--net", *again], check=False, cwd=CHECKOUT).returncode


def inside(names: list[str]) -> int:
    """Test on the engines *names*, and print the table."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    rows = [attempt(name) for name in names]
    print(f"\n{'engine':<16} {'version':<22} passed failed skipped seconds", *rows, sep="\n")
    for row in rows:
        print(*(f"{row.engine}: {name}" for name in row.failed), sep="\n", end="\n" if row.failed else "")
    return int(any(row.failed for row in rows))


def attempt(name: str) -> Row:
    """Start the engine in the root of *name*, and run the tests on it."""
    system, root = SYSTEMS[name], FOLDER / name
    began = time.monotonic()
    if not root.exists():
        return Row(engine=name, version="", failed=(f"it could not be made: see {log_of(name)}",))
    try:
        enter(root)
        printed = subprocess.run(["chroot", str(root), *system.version], check=True, capture_output=True, text=True)
        version = next(word for word in printed.stdout.split() if word[0].isdigit()).rstrip(",")
        with system.start(root) as variables:
            return tested(name, version, variables)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        return Row(engine=name, version="", failed=(f"{error}",), seconds=time.monotonic() - began)


def build(name: str) -> None:
    """Make the root of *name* if it is not there, of Debian's packages from where this machine has its own."""
    system, root = SYSTEMS[name], FOLDER / name
    if root.exists():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    new = root.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    # The releases under test come and go: their lists may be older than they say that they should be.
    lenient = "--aptopt=Acquire::Check-Valid-Until false"
    unread = [f"--dpkgopt=path-exclude=/usr/share/{each}/*" for each in ("doc", "locale", "man")]
    include = f"--include={','.join(system.packages)}"
    command = ["mmdebstrap", "--quiet", "--variant=apt", lenient, *unread, include, system.suite, str(new), mirror()]
    with log_of(name).open("wb") as log:
        subprocess.run(command, check=True, stdout=log, stderr=log)
    new.rename(root)


def log_of(name: str) -> Path:
    return FOLDER / f"{name}.log"


def mirror() -> str:
    """Return where this machine has Debian's packages from."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(RELEASE)", "Identifier: Packages"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    places = [line.split()[0] for line in printed.splitlines() if "security" not in line]
    if not places:
        raise OSError("this machine's apt knows no packages: run `apt-get update`")
    return places[0]


def enter(root: Path) -> None:
    """Mount what an engine needs on *root*, which has to be a mount of its own; nobody outside sees it."""
    mount("--bind", str(root), str(root))
    mount("-t", "proc", "proc", f"{root}/proc")
    mount("--rbind", "/sys", f"{root}/sys")
    mount("--rbind", "/dev", f"{root}/dev")
    (root / PLACE).mkdir(parents=True, exist_ok=True)
    mount("-t", "tmpfs", "tmpfs", str(root / PLACE))
    # Where the tests have their data: an engine looks the folders up that a container is to see.
    shared = tempfile.gettempdir()
    Path(f"{root}{shared}").mkdir(parents=True, exist_ok=True)
    mount("--bind", shared, f"{root}{shared}")


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def tested(name: str, version: str, variables: Variables) -> Row:
    """Run the tests and count what came of them."""
    report, log = FOLDER / f"{name}.xml", FOLDER / f"{name}.txt"
    files = [str(path.relative_to(CHECKOUT)) for pattern in TESTS for path in sorted(CHECKOUT.glob(pattern))]
    command = [sys.executable, "-m", "pytest", "-q", "-k", "docker", f"--junitxml={report}", *files]
    others = {key: value for key, value in os.environ.items() if key not in ("CI", "DOCKER_HOST")}
    report.unlink(missing_ok=True)
    began = time.monotonic()
    with log.open("wb") as file:
        subprocess.run(command, check=False, cwd=CHECKOUT, env={**others, **variables}, stdout=file, stderr=file)
    seconds = time.monotonic() - began
    cases = [*ET.parse(report).iter("testcase")] if report.exists() else []
    failed = [f"{each.get('classname')}::{each.get('name')}" for each in cases if has(each, "failure", "error")]
    skipped = sum(has(each, "skipped") for each in cases)
    if not cases:
        failed = [f"no test ran: see {log.relative_to(CHECKOUT)}"]
    return Row(
        engine=name,
        version=version,
        passed=max(len(cases) - len(failed) - skipped, 0),
        failed=tuple(failed),
        skipped=skipped,
        seconds=seconds,
    )


def has(case: ET.Element, *kinds: str) -> bool:
    return any(case.find(kind) is not None for kind in kinds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
