"""git's plumbing as child processes that obey nobody but us: clean environment, no filters, no hooks, no network.

A repository is somebody else's: its `.git/config` can name programs for file-system monitors, hooks, filters, text
conversion and transports. Settings from the environment win over it (git-config(1), GIT_CONFIG_COUNT), so every child
gets them switched off, and only commands are used that show raw objects.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import subprocess
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alekseylearn.errors import AlekseylearnError, InputError, MachineError
from alekseylearn.text import size

OLDEST_GIT = (2, 31)
"""The first git that takes settings from the environment."""

MAX_BLOB = 1_000_000_000
"""A larger object is refused (`git.limit`), whoever asks for it."""

_KEPT = ("HOME", "LOGNAME", "PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "USER", "XDG_CONFIG_HOME")
_FIXED = {
    "LC_ALL": "C",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_GRAFT_FILE": "/dev/null",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
}
_SETTINGS = (
    ("core.attributesFile", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.hooksPath", "/dev/null"),
    ("core.quotePath", "false"),
    ("diff.external", ""),
    ("protocol.allow", "never"),
    ("safe.bareRepository", "explicit"),
)
# What git says of a repository that it does not take, and of one whose objects, names or index are broken.
_REFUSED = re.compile(r"(?i)repo version|repository extension|bad (?:boolean |numeric )?config|gitfile format")
_DAMAGED = re.compile(
    r"(?i)\b(?:bad (?:object|tree|commit|shallow|signature|index)|not a (?:valid )?(?:object|tree|commit)|inflate"
    r"|corrupt|unable to (?:read|unpack|find|parse)|could not (?:read|parse)|cannot (?:read|parse)|index file"
    r"|shallow file|missing (?:blob|tree|commit|object)|(?:loose|packed) object|object file)"
)
_MEND = "`git fsck` tells what; `git fetch`, or a new clone, brings it back"


class NoRepositoryError(InputError):
    """A folder lies in no git repository at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plumbing:
    """How git is run in *folder*; `settings` are further configuration keys with the values they are forced to."""

    executable: str
    folder: Path
    environ: Mapping[str, str]
    settings: tuple[tuple[str, str], ...] = _SETTINGS
    timeout: float = 120.0

    @classmethod
    def find(cls, folder: Path, environ: Mapping[str, str]) -> Plumbing:
        """Find git on the PATH of *environ* for use in *folder*, with the filters that its repository names emptied.

        Raises `MachineError`: `git.unsupported` (no git, or one too old), and what `run` raises.
        """
        executable = shutil.which("git", path=environ.get("PATH"))
        if executable is None:
            raise MachineError("git.unsupported", "git is not installed", hint="install git and try again")
        plain = cls(executable=executable, folder=folder, environ=environ)
        told = plain.run("version").decode("ascii", "replace").split()
        numbers = told[2].split(".") if len(told) > 2 else []
        if len(numbers) < 2 or not all(part.isdecimal() for part in numbers[:2]):
            raise MachineError("git.unsupported", "git does not tell its version", where=executable)
        if (int(numbers[0]), int(numbers[1])) < OLDEST_GIT:
            needed = ".".join(map(str, OLDEST_GIT))
            raise MachineError(
                "git.unsupported", f"git {told[2]} is too old", where=executable, hint=f"install git {needed} or newer"
            )
        keys = _text(plain.run("config", "--list", "-z", "--name-only")).split("\0")
        filters = sorted({key for key in keys if key.startswith("filter.")})
        emptied = tuple((key, "false" if key.endswith(".required") else "") for key in filters)
        return cls(executable=executable, folder=folder, environ=environ, settings=_SETTINGS + emptied)

    @property
    def child_environ(self) -> dict[str, str]:
        """The whole environment of a child: an allow-list, and our settings."""
        kept = {name: self.environ[name] for name in _KEPT if name in self.environ}
        settings = {"GIT_CONFIG_COUNT": str(len(self.settings))}
        for number, (key, value) in enumerate(self.settings):
            settings |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return kept | _FIXED | settings

    def run(self, *arguments: str) -> bytes:
        """Run one git command and give its output.

        Raises `InputError` for what the repository is (`git.history git.unsupported`), among them `NoRepositoryError`,
        and `MachineError` for what git is (`git.unsupported git.failed git.timeout`).
        """
        output = self.ask(*arguments, refused=())
        assert output is not None  # noqa: S101 - no exit status was declared as an answer
        return output

    def ask(self, *arguments: str, refused: tuple[int, ...] = (1,)) -> bytes | None:
        """Run one git command for which the exit statuses *refused* mean no: then give None."""
        try:
            child = subprocess.run(
                [self.executable, "--no-pager", "-C", str(self.folder), *arguments],
                env=self.child_environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self.timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise MachineError(
                "git.timeout",
                f"git {arguments[0]} did not answer within {self.timeout:.0f} s",
                where=str(self.folder),
                hint="look at the disk that holds the repository, then try again",
            ) from None
        except OSError as error:
            raise MachineError("git.unsupported", f"git cannot be started: {error}", where=str(self.folder)) from None
        if child.returncode == 0:
            return child.stdout
        if child.returncode in refused:
            return None
        raise self._failure(arguments[0], _text(child.stderr))

    def _failure(self, command: str, stderr: str) -> AlekseylearnError:
        where = str(self.folder)
        told = next((line for line in stderr.splitlines() if line.startswith(("fatal:", "error:"))), "it said nothing")
        if "dubious ownership" in stderr or "safe.directory" in stderr:
            return InputError(
                "git.unsupported",
                "git refuses this repository: its folder belongs to another user",
                where=where,
                hint=f"git config --global --add safe.directory {where}",
            )
        if "not a git repository" in stderr:
            return NoRepositoryError(
                "git.history",
                "this folder is not in a git repository",
                where=where,
                hint="change to the repository, or compare two files: alekseylearn diff OLD.ipynb NEW.ipynb",
            )
        if "work tree" in stderr or "bare repository" in stderr:
            return InputError(
                "git.unsupported",
                "this repository has no work tree",
                where=where,
                hint="clone it, and run alekseylearn in the clone",
            )
        if _REFUSED.search(stderr):
            hint = "`git status` there says the same: mend its settings (.git/config), or install a newer git"
            return InputError("git.unsupported", f"git does not take this repository: {told}", where=where, hint=hint)
        if _DAMAGED.search(stderr):
            what = f"what git holds of the history is damaged, or not all here: {told}"
            return InputError("git.history", what, where=where, hint=_MEND)
        return MachineError(
            "git.failed", f"git {command} failed: {told}", where=where, hint="`git fsck` tells whether it is damaged"
        )


class Objects:
    """The object store, read through one long-lived `git cat-file --batch`; close it, or let it be collected."""

    def __init__(self, plumbing: Plumbing) -> None:
        self._plumbing = plumbing
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stop: weakref.finalize[[subprocess.Popen[bytes]], Objects] | None = None

    def read(self, object_id: str, where: str, limit: int = MAX_BLOB) -> bytes:
        """Read the blob *object_id* whole; *where* names it in errors.

        Raises `InputError` (`git.history` when it is missing, or not what its name, a hash of it, says; `git.limit`
        beyond *limit* bytes) or `MachineError` (`git.failed`).
        """
        with self._lock:
            process = self._started()
            watchdog = threading.Timer(self._plumbing.timeout, process.kill)
            # An interruption may come while it starts, and nobody is to wait for it at the end.
            watchdog.daemon = True
            try:
                watchdog.start()
                return self._answer(process, object_id, where, limit)
            except (OSError, _BrokenPipeError):
                self._end()
                raise MachineError(
                    "git.failed", "git stopped while an object was read", where=where, hint="run `git fsck`"
                ) from None
            except BaseException:
                # Part of an answer, or a large one, may still be in the pipe: also after an interruption.
                self._end()
                raise
            finally:
                watchdog.cancel()

    def close(self) -> None:
        """End the child process; a later `read` starts another."""
        with self._lock:
            self._end()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                [self._plumbing.executable, "--no-pager", "-C", str(self._plumbing.folder), "cat-file", "--batch"],
                env=self._plumbing.child_environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # Ctrl-C is for us: it reaches the whole group, and what we tell then is read through this child.
                process_group=0,
            )
            self._stop = weakref.finalize(self, _end, self._process)
        return self._process

    def _end(self) -> None:
        if self._stop is not None:
            self._stop()
        self._process = self._stop = None

    def _answer(self, process: subprocess.Popen[bytes], object_id: str, where: str, limit: int) -> bytes:
        assert process.stdin is not None  # noqa: S101 - both are pipes, see above
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(object_id.encode("ascii") + b"\n")
        process.stdin.flush()
        header = process.stdout.readline().split()
        if len(header) == 2 and header[1] == b"missing":
            raise InputError(
                "git.history",
                "git does not hold this object here",
                where=where,
                hint="fetch it whole: no `filter:` in actions/checkout, no `--filter` in git clone",
            )
        if len(header) != 3:
            raise _BrokenPipeError
        length = int(header[2])
        if length > limit:
            raise InputError(
                "git.limit",
                f"the file is {size(length)} large; at most {size(limit)} are read",
                where=where,
                hint="keep large data outside git",
            )
        data = process.stdout.read(length + 1)
        if len(data) != length + 1:
            raise _BrokenPipeError
        told = object_id_of(data := data[:-1], "sha256" if len(object_id) == 64 else "sha1")
        if told != object_id:
            # git trusts what it reads from its own folder; somebody else may have written there.
            what = "an object of git's is damaged: it is not the one it is stored as"
            raise InputError("git.history", what, where=where, hint=_MEND)
        return data


def object_id_of(data: bytes, hash_name: str) -> str:
    """Compute the name that git gives a file with this content (gitformat-pack(5), a blob's header in front)."""
    found = hashlib.new(hash_name, b"blob %d\0" % len(data), usedforsecurity=False)
    found.update(data)
    return found.hexdigest()


class _BrokenPipeError(Exception):
    """The child ended in the middle of an answer."""


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in filter(None, (process.stdin, process.stdout)):
        with contextlib.suppress(OSError):
            pipe.close()


def _text(output: bytes) -> str:
    return output.decode("utf-8", "surrogateescape")
