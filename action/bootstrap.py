"""Put alekseylearn and its locked requirements into a virtual environment of its own, once (standard library only)."""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"
LOCKED = ("run", "notify", "demo", "test", "bench", "fuzz", "release")
# Whoever names addresses to notify needs what sends there: the extra `notify`, locked with all the rest.
NOTIFY = "ALEKSEYLEARN_NOTIFY"
# Variables that would have a tool install something else, or somewhere else, than it is told; and secrets.
FOREIGN = (
    NOTIFY,
    "PYTHON",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_USER",
    "PIP_REQUIRE",
    "UV_PYTHON",
)
OWN_LOCK = ".bootstrap.lock"
VENV_HINT = "install uv, or Python's venv (Debian, Ubuntu: apt-get install python3-venv)"


class SetupError(Exception):
    """The environment cannot be made; the text is one line for a person."""


def main(arguments: list[str]) -> int:
    """Make the environment, or find it complete; tell its interpreter on stdout and as the step's output `python`."""
    if sys.version_info < (3, 11):  # noqa: UP036 (whoever calls this may not know)
        return fail("Python 3.11 or newer is needed; this is " + sys.version.split()[0])
    options = parse(arguments)
    lock = LOCKS / f"{options.lock}.txt"
    try:
        key = fingerprint(lock, editable=options.editable)
        folder = Path(options.into or Path(options.cache, f"{options.lock}-{key[:16]}")).absolute()
        with locked(folder):
            ensure(folder, lock, key, editable=options.editable)
        python = interpreter(folder)
        if output := os.environ.get("GITHUB_OUTPUT"):
            with Path(output).open("a", encoding="utf-8") as file:
                file.write(f"python={python}\n")
    except (SetupError, OSError) as error:
        return fail(str(error))
    print(python)
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    cache = os.environ.get("RUNNER_TOOL_CACHE") or os.environ.get("RUNNER_TEMP") or tempfile.gettempdir()
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    usual = "notify" if os.environ.get(NOTIFY, "").strip() else "run"
    parser.add_argument("--lock", default=usual, choices=LOCKED)
    parser.add_argument("--into", help="the environment's folder; several locks may share it")
    parser.add_argument("--cache", default=f"{cache}/alekseylearn", help="else: where it gets a folder by its key")
    parser.add_argument("--editable", action="store_true", help="run the sources in place")
    return parser.parse_args(arguments)


def fingerprint(lock: Path, *, editable: bool) -> str:
    """Return the sha256 of all that the environment is made from: lock, sources, interpreter."""
    digest = hashlib.sha256(f"{sys.version} {os.path.realpath(sys.executable)} {ROOT if editable else ''}".encode())
    sources = [] if editable else [*(ROOT / "alekseylearn").rglob("*"), *(ROOT / "examples").rglob("*")]
    for path in sorted([Path(__file__), ROOT / "pyproject.toml", LOCKS / "uv.txt", lock, *sources]):
        if path.is_file() and path.suffix != ".pyc":
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"\n{path.relative_to(ROOT)} {content}".encode())
    return digest.hexdigest()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from making the same environment meanwhile; uv has a `.lock` of its own in there."""
    try:
        import fcntl
    except ImportError:
        raise SetupError("alekseylearn runs on Linux and macOS, not on Windows") from None
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / OWN_LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def ensure(folder: Path, lock: Path, key: str, *, editable: bool) -> None:
    """Install what *lock* names, then the package, into *folder*, unless a mark says that this was completed."""
    mark = folder / f".complete-{lock.stem}"
    usable = interpreter(folder).exists()
    if usable and mark.is_file() and mark.read_text(encoding="utf-8") == key:
        return
    mark.unlink(missing_ok=True)
    install = installer(folder, fresh=not usable)
    run([*install, "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", lock], folder)
    package = ["--editable", ROOT] if editable else [ROOT]
    run([*install, "--no-deps", "--no-index", "--no-build-isolation", "--no-cache-dir", *package], folder)
    mark.write_text(key, encoding="utf-8")


def installer(folder: Path, *, fresh: bool) -> list[str | Path]:
    """Make *folder* an environment where it is none yet, and return the command that installs into it."""
    python, own_uv = interpreter(folder), folder / "bin" / "uv"
    if fresh:
        for path in folder.iterdir():
            if path.name != OWN_LOCK:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    uv = shutil.which("uv") or (own_uv if own_uv.exists() else None)
    if uv:
        if fresh:
            run([uv, "venv", "--allow-existing", "--no-python-downloads", "--python", sys.executable, folder], folder)
        return [uv, "pip", "install", "--python", python]
    # Making an environment without pip takes a tenth of the time, where this interpreter has a pip to lend.
    lent = importlib.util.find_spec("pip") is not None
    if fresh:
        bare = ("--without-pip",) if lent else ()
        run([sys.executable, "-I", "-m", "venv", *bare, folder], folder, VENV_HINT)
    pip: list[str | Path] = [sys.executable, "-I", "-m", "pip", "--python", python]
    install = [*(pip if lent else [python, "-I", "-m", "pip"]), "--disable-pip-version-check", "install"]
    run([*install, "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", LOCKS / "uv.txt"], folder)
    return [own_uv, "pip", "install", "--python", python]


def interpreter(folder: Path) -> Path:
    """Return the path of the environment's Python."""
    return folder / "bin" / "python"


def run(command: list[str | Path], cwd: Path, hint: str = "") -> None:
    """Run *command* far from anybody's repository; what it says is shown only when it fails."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    done = subprocess.run(command, cwd=cwd, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip()
        print(said, file=sys.stderr)
        lines = [line.strip() for line in said.splitlines() if line.strip()] or [f"exit status {done.returncode}"]
        telling = next((line for line in lines if line.lower().lstrip("× ").startswith(("error", "no "))), lines[-1])
        telling = telling.removeprefix("ERROR: ").removeprefix("error: ")
        raise SetupError(f"cannot set up alekseylearn: {telling}" + (f"; {hint}" if hint else ""))


def fail(what: str) -> int:
    """Say what is wrong in one line, where a person looks for it, and return the exit code for it."""
    in_actions = os.environ.get("GITHUB_ACTIONS") == "true"
    text = "::error title=alekseylearn::" + what.replace("%", "%25") if in_actions else "error[setup.install]: " + what
    print(text, file=sys.stdout if in_actions else sys.stderr)
    return 6


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
