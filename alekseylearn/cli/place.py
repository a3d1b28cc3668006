"""Where a command is run: the repository around the working folder, our own folder in it, the two sides."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from alekseylearn.analysis import read_config
from alekseylearn.backends import connect
from alekseylearn.backends.base import Backend, Options
from alekseylearn.cli.stores import Shared, open_results
from alekseylearn.config import FILE_NAME, BackendName, Config, Scalar
from alekseylearn.environments import check_imports, find_environment, minor_version
from alekseylearn.errors import InputError, MachineError, UsageError
from alekseylearn.files import runtime_files
from alekseylearn.git import Git
from alekseylearn.plan import Settings, TrainingJob
from alekseylearn.plumbing import NoRepositoryError
from alekseylearn.redaction import Redactor, secrets_of
from alekseylearn.training import Progress, Workshop
from alekseylearn.transfers import Transfer, unwatched

HOME_NAME = ".alekseylearn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The folder that a command works in; `git` is None outside a repository."""

    root: Path
    git: Git | None

    @property
    def home(self) -> Path:
        """Our own folder: runs, results, environments. Git never sees it."""
        return self.root / HOME_NAME

    def relative(self, path: str) -> str:
        """Return the repository-relative name of *path*, which a person typed.

        Raises `UsageError` `usage.path` when it is not below the root.
        """
        full = Path(path).absolute()
        # A link that is asked for is itself, wherever it leads.
        real = full.parent.resolve() / full.name if full.is_symlink() else full.resolve()
        try:
            inside = real.relative_to(self.root.resolve())
        except ValueError:
            what = f"{path} is not inside {self.root}"
            raise UsageError("usage.path", what, hint="run the command in the notebook's repository") from None
        return inside.as_posix()


def find_place(folder: Path | None = None) -> Place:
    """Look around *folder* (else the working folder) for a repository; one that git refuses is an error."""
    start = Path.cwd() if folder is None else folder
    try:
        git = Git.open(start)
    except NoRepositoryError:
        return Place(root=start, git=None)
    return Place(root=git.root, git=git)


def place_of(start: Path | None) -> Place:
    """Look for a repository around *start*, where a person named a path in it; outside of any we stay where we are."""
    place, here = find_place(start), Path.cwd()
    if place.git is None and start is not None and start.resolve().is_relative_to(here):
        return Place(root=here, git=None)
    return place


def config_of(place: Place) -> Config:
    """Read the configuration; one that does not hold keeps nobody from looking at a run, or from stopping it."""
    try:
        return Config() if place.git is None else read_config(place.git.work_tree())
    except InputError:
        return Config()


def notebooks_named(config: Config, place: Place, words: tuple[str, ...]) -> tuple[str, ...]:
    """Turn what a person named, notebooks or models of the configuration, into paths.

    Raises `UsageError` `usage.notebook`.
    """
    found = []
    for word in words:
        if word in config.models:
            found.append(config.models[word].notebook)
        elif word.endswith(".ipynb") and Path(word).is_file():
            found.append(place.relative(word))
        else:
            known = ", ".join(config.models) or "none"
            what = f"{word!r} is neither a notebook nor a model of {FILE_NAME}"
            raise UsageError("usage.notebook", what, hint=f"models: {known}")
    return tuple(found)


def settings_for(
    config: Config,
    *,
    backend: BackendName | None,
    parameters: Mapping[str, Scalar],
    smoke: bool,
    timeout: int | None,
    current: Path | None = None,
) -> Settings:
    """Put together what the command line asks for; *current* is the Python that trains where none is asked for."""
    python = minor_version(config.defaults.python or (None if current is None else str(current)))
    return Settings(backend=backend, parameters=parameters, smoke=smoke, timeout=timeout, python=python)


def default_settings(config: Config) -> Settings:
    """Return what holds when nothing is asked for: the identities are then those that `fit` gives."""
    return settings_for(config, backend=None, parameters={}, smoke=False, timeout=None)


def workshop(
    home: Path,
    config: Config,
    watch: Callable[[Progress], None],
    environ: Mapping[str, str],
    *,
    current: Path | None = None,
    about: Mapping[str, str] | None = None,
    shared: Shared | None = None,
    transfers: Callable[[Transfer], None] = unwatched,
) -> Workshop:
    """Give training its edges: the store, backends with their environments, and the real clock.

    *about* are labels for what is trained; *shared* says where results of others are; *transfers* hears how far a large
    transfer has come.
    """

    def options(job: TrainingJob) -> Options:
        _, model = config.model_for(job.notebook.path)
        return Options(
            home=home,
            environ=environ,
            python=job.interpreter,
            docker=config.docker(model),
            sagemaker=config.sagemaker(model),
            max_cost=config.max_cost(model),
            about=about or {},
            data=model.data,
            libraries=frozenset(package.name for package in job.inputs.imports),
            current=current,
            watch=transfers,
        )

    def reach(job: TrainingJob) -> Backend:
        return connect(job.backend, options(job))

    def equip(job: TrainingJob) -> Backend:
        if job.backend != "process":
            return reach(job)
        environment = find_environment(job, options(job))
        check_imports(job, environment, environ)
        return connect(job.backend, replace(options(job), python=str(environment.python)))

    return Workshop(
        home=home,
        store=open_results(home, shared, environ, _warn),
        connect=reach,
        equip=equip,
        runtime=runtime_files,
        clock=time.monotonic,
        sleep=time.sleep,
        watch=watch,
        redactor=Redactor.of(secrets_of(environ)),
    )


def _warn(error: MachineError) -> None:
    click.echo(f"warning: results that are shared are left out\n{error}", err=True)


def now() -> str:
    """Return the time as the report writes it, in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
