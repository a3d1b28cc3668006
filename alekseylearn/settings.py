"""What the action and the runner tell a step through its environment, as checked values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from alekseylearn.config import BackendName
from alekseylearn.errors import InputError, MachineError, UsageError
from alekseylearn.strict import Limits, load_json
from alekseylearn.tables.values import parse_duration

Mode = Literal["run", "plan", "submit", "collect", "comment"]
StepOutcome = Literal["success", "failure", "cancelled", "skipped"]

EVENT_LIMITS = Limits(family="event", max_bytes=25 * 1024 * 1024, max_depth=60)
"""GitHub caps a webhook's payload at 25 MB."""

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/(?!\.+\Z)[A-Za-z0-9._-]+\Z")
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._/-]*)?\Z")
_REF = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\-][^\x00-\x20\x7f~^:?*\[\\]{0,254}\Z")
_ROLE = re.compile(r"arn:aws[a-z-]{0,20}:iam::\d{12}:role/[A-Za-z0-9+=,.@_/-]{1,576}\Z", re.ASCII)
_REGION = re.compile(r"[a-z]{2,10}(?:-[a-z]{2,20}){1,3}-\d{1,2}\Z", re.ASCII)
_TOKEN = re.compile(r"[!-~]{1,1024}\Z")
_IN_ACTIONS = "run it in GitHub Actions"
_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})

Word = TypeVar("Word", bound=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The action's inputs, each from `INPUT_<NAME>`; None and '' mean: as the configuration says.

    *python* trains notebooks that ask for no environment of their own. *notebooks* are path patterns. *timeout* is a
    ceiling in seconds, which no configuration can raise. *aws_role* is taken with the workflow's own OIDC token.
    """

    mode: Mode = "run"
    github_token: str = field(default="", repr=False)
    python: str = ""
    backend: BackendName | None = None
    notebooks: tuple[str, ...] = ()
    config: str = ""
    base: str = ""
    force: bool = False
    timeout: int | None = None
    comment: bool = True
    upload_artifacts: bool = True
    store: str = ""
    aws_role: str = ""
    aws_region: str = ""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Inputs:
        """Read and check `INPUT_*`; raises `UsageError` `ci.input` that names the input."""
        known = _Variables(environ, "INPUT_")
        return cls(
            mode=known.word("MODE", get_args(Mode), "run"),
            github_token=known.secret("GITHUB_TOKEN"),
            python=known.get("PYTHON"),
            backend=known.word("BACKEND", get_args(BackendName), None),
            notebooks=tuple(line.strip() for line in known.get("NOTEBOOKS").splitlines() if line.strip()),
            config=known.get("CONFIG"),
            base=known.optional("BASE", _REF, "a branch, a tag or a commit"),
            force=known.flag("FORCE", default=False),
            timeout=known.seconds("TIMEOUT"),
            comment=known.flag("COMMENT", default=True),
            upload_artifacts=known.flag("UPLOAD_ARTIFACTS", default=True),
            store=known.get("STORE"),
            aws_role=known.optional("AWS_ROLE", _ROLE, "the ARN of a role: arn:aws:iam::ACCOUNT:role/NAME"),
            aws_region=known.optional("AWS_REGION", _REGION, "a region of AWS such as eu-central-1"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What trust is decided by, and no more: it is read before anything else is (GitHub docs, "Variables reference").

    *workspace* is where something may be checked out; *sha* the commit that the runner names; *checked_out* the one
    that the workflow itself says it has checked out (`AL_CHECKED_OUT`), '' where it says nothing.
    """

    event_name: str
    event_path: Path
    repository: str
    workspace: Path
    sha: str = ""
    checked_out: str = ""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Occasion:
        """Read and check what the runner gives; raises `InputError` `trust.event`: without it nobody is trusted."""
        runner = _Variables(environ, "")
        try:
            return cls(
                event_name=runner.needed("GITHUB_EVENT_NAME"),
                event_path=Path(runner.needed("GITHUB_EVENT_PATH")),
                repository=runner.matching("GITHUB_REPOSITORY", _REPOSITORY, "owner/name"),
                workspace=runner.path("GITHUB_WORKSPACE") or Path.cwd(),
                sha=runner.get("GITHUB_SHA").lower(),
                checked_out=runner.get("AL_CHECKED_OUT").lower(),
            )
        except MachineError as error:
            raise InputError("trust.event", error.what, where=error.where, hint=_IN_ACTIONS) from None

    def read_payload(self) -> Mapping[str, Any]:
        """Read the event's payload; raises `InputError` `trust.event` when it is no JSON object, or cannot be read."""
        try:
            # A pipe would be waited for.
            data = self._bytes() if self.event_path.is_file() else None
        except OSError:
            data = None
        if data is None:
            raise InputError(
                "trust.event", "the event's file cannot be read", where="GITHUB_EVENT_PATH", hint=_IN_ACTIONS
            )
        try:
            payload = load_json(data, "GITHUB_EVENT_PATH", EVENT_LIMITS)
        except InputError as error:
            raise InputError("trust.event", f"the event: {error.what}", where=error.where, hint=_IN_ACTIONS) from None
        if not isinstance(payload, dict):
            raise InputError("trust.event", "the event is no object", where="GITHUB_EVENT_PATH", hint=_IN_ACTIONS)
        return payload

    def _bytes(self) -> bytes:
        with self.event_path.open("rb") as file:
            return file.read(EVENT_LIMITS.max_bytes + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CiSettings:
    """All that a step of the action knows about where it runs (GitHub docs, "Variables reference").

    *output* and *summary* are the step's own files, None where the runner gives none. *outcome* and *artifact_url*
    are what the last step hears of the ones before it.
    """

    inputs: Inputs
    event_name: str
    event_path: Path
    repository: str
    workspace: Path
    api_url: str
    server_url: str
    run_id: int
    run_number: int
    run_attempt: int
    temp: Path
    tool_cache: Path | None = None
    sha: str = ""
    output: Path | None = None
    summary: Path | None = None
    debug: bool = False
    outcome: StepOutcome | None = None
    artifact_url: str = ""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> CiSettings:
        """Read and check what the runner gives; raises `MachineError` `ci.environment` or `UsageError` `ci.input`."""
        runner = _Variables(environ, "")
        return cls(
            inputs=Inputs.from_environ(environ),
            event_name=runner.needed("GITHUB_EVENT_NAME"),
            event_path=Path(runner.needed("GITHUB_EVENT_PATH")),
            repository=runner.matching("GITHUB_REPOSITORY", _REPOSITORY, "owner/name"),
            workspace=Path(runner.needed("GITHUB_WORKSPACE")),
            api_url=runner.matching("GITHUB_API_URL", _URL, "a web address"),
            server_url=runner.matching("GITHUB_SERVER_URL", _URL, "a web address"),
            run_id=runner.number("GITHUB_RUN_ID"),
            run_number=runner.number("GITHUB_RUN_NUMBER"),
            run_attempt=runner.number("GITHUB_RUN_ATTEMPT"),
            temp=Path(runner.needed("RUNNER_TEMP")),
            tool_cache=runner.path("RUNNER_TOOL_CACHE"),
            sha=runner.get("GITHUB_SHA"),
            output=runner.path("GITHUB_OUTPUT"),
            summary=runner.path("GITHUB_STEP_SUMMARY"),
            debug=runner.get("RUNNER_DEBUG") == "1",
            outcome=runner.word("ALEKSEYLEARN_OUTCOME", get_args(StepOutcome), None),
            artifact_url=runner.optional("ALEKSEYLEARN_ARTIFACT_URL", _URL, "a web address"),
        )

    @property
    def order(self) -> tuple[int, int]:
        """(run number, attempt): says which of two runs is the newer one."""
        return self.run_number, self.run_attempt

    @property
    def run_url(self) -> str:
        """Where a person sees this workflow run."""
        return f"{self.server_url}/{self.repository}/actions/runs/{self.run_id}"


@dataclass(frozen=True, slots=True)
class _Variables:
    """Looks variables up and says which one is wrong; blanks around a value do not count."""

    environ: Mapping[str, str]
    prefix: str

    def get(self, name: str) -> str:
        return self.environ.get(self.prefix + name, "").strip()

    def path(self, name: str) -> Path | None:
        return Path(found) if (found := self.get(name)) else None

    def needed(self, name: str) -> str:
        if not (found := self.get(name)):
            raise _environment(self.prefix + name, "is not set")
        return found

    def matching(self, name: str, pattern: re.Pattern[str], shape: str) -> str:
        if not pattern.match(found := self.needed(name)):
            raise self._wrong(name, shape)
        return found

    def optional(self, name: str, pattern: re.Pattern[str], shape: str) -> str:
        return self.matching(name, pattern, shape) if self.get(name) else ""

    def secret(self, name: str) -> str:
        """Look up a token; what is wrong with it is said without showing it."""
        found = self.get(name)
        if found and not _TOKEN.match(found):
            raise UsageError("ci.input", f"{self.prefix}{name} is no token: it has blanks or line breaks in it")
        return found

    def number(self, name: str) -> int:
        found = self.needed(name)
        if not (found.isascii() and found.isdigit() and len(found) < 20):
            raise self._wrong(name, "a whole number")
        return int(found)

    def word(self, name: str, known: tuple[Word, ...], default: Word | None) -> Any:
        found = self.get(name)
        if found and found not in known:
            raise self._wrong(name, " or ".join(known))
        return found or default

    def flag(self, name: str, *, default: bool) -> bool:
        found = self.get(name).lower()
        if found and found not in _TRUE | _FALSE:
            raise self._wrong(name, "true or false")
        return found in _TRUE if found else default

    def seconds(self, name: str) -> int | None:
        found = self.get(name)
        seconds = parse_duration(found)
        if found and seconds is None:
            raise self._wrong(name, "a time span such as 90m or 2h")
        return seconds

    def _wrong(self, name: str, shape: str) -> UsageError | MachineError:
        if self.prefix:
            label = name.lower().replace("_", "-")
            return UsageError(
                "ci.input",
                f"the input {label} is {self.get(name)!r}, not {shape}",
                where=self.prefix + name,
                hint=f"mend `{label}:` below `with:` in the workflow",
            )
        return _environment(name, f"is {self.get(name)!r}, not {shape}")


def _environment(name: str, what: str) -> MachineError:
    return MachineError("ci.environment", f"{name} {what}", where="environment", hint=_IN_ACTIONS)
