"""Virtual environments made of requirement lines, by uv or by pip."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from alekseylearn.allowlist import for_installer
from alekseylearn.disk import remove
from alekseylearn.errors import MachineError
from alekseylearn.interpreters import run_quietly

_INSTALL_LIMIT = 1800.0


def install(
    folder: Path,
    lines: Sequence[str],
    python: Path,
    environ: Mapping[str, str],
    *,
    uv: Path | None,
    constraints: Sequence[str] = (),
    lock: int | None = None,
) -> None:
    """Make the virtual environment *folder* of *python* with what *lines* ask for, by *uv*, else by pip.

    *constraints* bound the versions of what is installed; the installer holds the descriptor *lock*, too. Raises
    `MachineError` `env.install` with the installer's own reason; the folder is then gone.
    """
    folder.mkdir()
    file = folder / "requirements.txt"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    bounds = folder / "constraints.txt"
    bounds.write_text("".join(f"{line}\n" for line in constraints), encoding="utf-8")
    wanted = ["-r", str(file), "-c", str(bounds)]
    own = str(folder / "bin" / "python")
    if uv is not None:
        steps = [
            [
                str(uv),
                "venv",
                "--quiet",
                "--no-project",
                "--no-config",
                "--allow-existing",
                "--python",
                str(python),
                str(folder),
            ],
            [str(uv), "pip", "install", "--quiet", "--no-config", "--no-progress", "--python", own, *wanted],
        ]
    else:
        steps = [
            [str(python), "-I", "-m", "venv", str(folder)],
            [own, "-I", "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", *wanted],
        ]
    for step in steps:
        done = run_quietly(step, for_installer(environ), _INSTALL_LIMIT, folder, held=() if lock is None else (lock,))
        if done is None or done.returncode != 0:
            told = "the installer took too long" if done is None else telling_line(done.stderr + "\n" + done.stdout)
            remove(folder)
            raise MachineError(
                "env.install",
                f"the requirements cannot be installed: {told}",
                where=f"{Path(step[0]).name}, Python {python}",
                hint="mend the requirements file near the notebook, or look at the network",
            )


def telling_line(output: str) -> str:
    """Choose from an installer's *output* what says why it failed, with the lines that go on from it."""
    lines = [re.sub(r"^[\s×╰─▶│├┬╭]+", "", line).strip() for line in output.splitlines()]
    lines = [line for line in lines if line]
    causes = [place for place, line in enumerate(lines) if re.match(r"(?i)because|caused by|error\b", line)]
    first = causes[0] if causes else 0
    return " ".join(lines[first : first + 4]) or "the installer said nothing"
