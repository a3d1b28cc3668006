"""What a notebook sees from inside its process, whoever started it and however carelessly."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alekseylearn import concealment
from tests.contract.jobs import bundle_of
from tests.desk import LONGER
from tests.small import growth
from tests.test_cli_ci import Start, start

__all__ = ["start"]


ROOT = Path(__file__).parents[1]
INSIDE = """
import json, os, stat, sys
open(os.environ["SM_MODEL_DIR"] + "/mine", "w").close()
try:
    os.open("/dev/tty", os.O_RDWR)
    terminal = True
except OSError:
    terminal = False

def files(process):
    found = {}
    for name in os.listdir(f"/proc/{process}/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/{process}/fd/{name}").partition(":")[0]
        except OSError:
            pass  # the one that lists them
    return found

parent = os.getppid()
print(json.dumps({
    "cwd": os.getcwd(),
    "environ": dict(os.environ),
    "path": sys.path,
    "files": files("self"),
    "above": files(parent),
    "terminal": terminal,
    "leads": os.getsid(0) == os.getpid(),
    "umask": os.umask(0),
    "mode": stat.S_IMODE(os.stat(os.environ["SM_MODEL_DIR"] + "/mine").st_mode),
    "command": open(f"/proc/{parent}/cmdline").read().split("\\0")[:-1],
    "above environ": open(f"/proc/{parent}/environ").read(),
}))
"""
# A session of its own with a terminal, as a person's shell has; files and rights for whoever comes after it.
CARELESS = """if True:
    import fcntl, json, os, sys, termios, time
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    from alekseylearn.backends.base import Options
    from alekseylearn.backends.process import ProcessBackend
    from alekseylearn.bundle import Bundle
    if os.fork() == 0:
        os.setsid()
        ours, terminal = os.openpty()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        os.close(os.open("/dev/tty", os.O_RDWR))
        secret = os.open(sys.argv[2] + "/secret", os.O_RDWR | os.O_CREAT)
        for number in (40, 41, 250):
            os.dup2(secret, number)
        os.umask(0)
        bundle = Bundle({name: text.encode() for name, text in json.load(sys.stdin).items()})
        backend = ProcessBackend.connect(Options(home=Path(sys.argv[2]) / "home", environ=dict(os.environ)))
        job = backend.submit(bundle, name="toy", digest=sys.argv[3])
        while not backend.poll(job).ended:
            time.sleep(0.01)
        print(json.dumps([job.place, backend.logs(job).lines]), flush=True)
        os._exit(0)
    os.wait()
"""


@dataclass(frozen=True, slots=True)
class View:
    """What the notebook saw, and the folder of its run."""

    place: Path
    seen: dict[str, Any]
    canary: str
    home: Path


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    """Run a notebook for a careless caller whose folder and home are full of modules that are not ours."""
    folder, canary = tmp_path_factory.mktemp("careless"), secrets.token_hex(16)
    home = folder / "home of somebody"
    packages = home / ".local" / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    packages.mkdir(parents=True)
    for place in (folder, packages):
        for name in ("yaml", "json", "selectors", "usercustomize", "sitecustomize", "_al"):
            (place / f"{name}.py").write_text(f"raise SystemExit({canary!r})")
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GITHUB_TOKEN": canary,
        "INPUT_GITHUB_TOKEN": canary,
        "AWS_SECRET_ACCESS_KEY": canary,
        "WHATEVER": canary,
        "PYTHONPATH": str(folder),
        "PYTHONSTARTUP": canary,
        "https_proxy": f"http://me:{canary}@proxy.example:8080",
    }
    bundle, digest = bundle_of(INSIDE)
    done = subprocess.run(
        [sys.executable, "-I", "-c", CARELESS, str(ROOT), str(folder), digest],
        input=json.dumps({name: data.decode() for name, data in bundle.files.items()}),
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    place, lines = json.loads(done.stdout)
    return View(Path(place), json.loads(lines[-1]), canary, home)


def test_a_notebook_finds_no_secret_of_whoever_started_it(view: View) -> None:
    assert view.canary not in json.dumps(view.seen)


def test_it_works_in_its_own_folder_and_imports_nothing_from_elsewhere(view: View) -> None:
    assert Path(view.seen["cwd"]).is_relative_to(view.place / "code" / "files")
    assert view.seen["path"][0] == view.seen["cwd"]
    elsewhere = [place for place in view.seen["path"][1:] if not Path(place).is_relative_to(sys.base_prefix)]
    assert all(Path(place).is_relative_to(sys.prefix) or place == str(ROOT) for place in elsewhere)
    assert str(view.home) not in json.dumps(view.seen["path"])


def test_its_supervisor_is_isolated_from_all_folders_and_packages(view: View) -> None:
    assert view.seen["command"] == [sys.executable, "-I", str(view.place / "code" / "_al" / "supervisor.py")]


def test_it_inherits_its_own_pipes_and_nothing_else(view: View) -> None:
    assert view.seen["files"].pop("0") == "/dev/null"
    assert set(view.seen["files"].values()) == {"pipe"}
    # Above it: its output, the lock, its journal, its ends of the pipes.
    known = {"/dev/null", str(view.place / "machine.txt"), str(view.place / "alive")}
    others = {place for place in view.seen["above"].values() if place not in known and not place.startswith("pipe")}
    assert all(place == "anon_inode" or Path(place).is_relative_to(view.place / "output") for place in others), others


def test_it_has_no_terminal_and_a_session_of_its_own(view: View) -> None:
    assert (view.seen["terminal"], view.seen["leads"]) == (False, True)


def test_nobody_else_can_write_to_what_it_makes_or_look_into_its_run(view: View) -> None:
    assert (view.seen["umask"], view.seen["mode"]) == (0o22, 0o644)
    assert view.place.parent.stat().st_mode & 0o077 == 0


# -- looking into our own process -----------------------------------------------------------------------------------

PEEK = """
import os, sys
found = []
for name in os.listdir("/proc"):
    for what in ("environ", "cmdline"):
        try:
            with open(f"/proc/{name}/{what}", "rb") as file:
                found += [f"{name} {what}"] * (sys.argv[1].encode() in file.read())
        except OSError:
            pass
try:
    with open(f"/proc/{os.getppid()}/mem", "rb"):
        found.append("memory")
except OSError:
    pass
print(found)
"""
HOLDER = """
import subprocess, sys
exec(sys.stdin.read())
if sys.argv[1] == "conceal":
    assert conceal()
canary = subprocess.run(["printenv", "TOKEN"], capture_output=True, text=True).stdout.strip()
print(subprocess.run([sys.executable, "-I", "-c", sys.argv[2], canary[::-1][::-1]], env={}, capture_output=True).stdout)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no /proc")
def test_a_process_that_conceals_itself_keeps_its_environment_and_memory_to_itself() -> None:
    def found(word: str) -> str:
        # Root may look into everything; so this is somebody else, or root without its powers.
        return subprocess.run(
            ["setpriv", "--bounding-set=-all", "--inh-caps=-all", sys.executable, "-I", "-c", HOLDER, word, PEEK],
            input=Path(concealment.__file__).read_text(),
            env={"PATH": os.environ["PATH"], "TOKEN": secrets.token_hex(16)},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout

    assert "environ" in found("tell")
    assert "environ" not in found("conceal")


SEARCH = """
import os, pathlib
found = []
for name in filter(str.isdecimal, os.listdir("/proc")):
    for what in ("environ", "cmdline"):
        try:
            text = pathlib.Path("/proc", name, what).read_bytes()
        except OSError:
            continue
        found += [what + " of " + pathlib.Path("/proc", name, "comm").read_text().strip()] * (WORD[::-1].encode() in text)
print("searched", len(found), *found, flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no /proc")
def test_a_notebook_of_a_whole_step_finds_no_token_in_any_process(start: Start) -> None:
    token = f"ghs_{secrets.token_hex(16)}"
    search = SEARCH.replace("WORD", repr(token[::-1]))
    runner = start(growth(LONGER, before=search.strip()))
    desk = runner.desk(INPUT_GITHUB_TOKEN=token)
    command = [
        "setpriv",
        "--bounding-set=-all",
        "--inh-caps=-all",
        sys.executable,
        "-I",
        "-m",
        "alekseylearn",
        "ci",
        "run",
    ]
    done = subprocess.run(
        command, cwd=desk.folder, env=dict(desk.environ), capture_output=True, text=True, check=False, timeout=120
    )
    told = [line for line in done.stdout.splitlines() if line.startswith("searched")]
    assert told == ["searched 0"], done.stdout + done.stderr
