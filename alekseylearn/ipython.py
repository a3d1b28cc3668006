"""The notebook magics: `%load_ext alekseylearn`, then `%slice`, `%fit`, `%runs`, `%status`, `%stop`, `%fetch`."""

from __future__ import annotations

import keyword
import os
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from IPython.core import error as ipython_error
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from alekseylearn import live_fits
from alekseylearn.errors import AlekseylearnError, InputError, UsageError
from alekseylearn.git import Git
from alekseylearn.live_commands import Said, call
from alekseylearn.live_models import FetchedModel
from alekseylearn.live_notebook import Cells, own_path
from alekseylearn.live_runs import compared_table, runs_table
from alekseylearn.live_tables import Table

T = TypeVar("T")
HOME_NAME = ".alekseylearn"
_PATIENCE = 60.0
"""Seconds that a stopped training has to save what it has."""
_LINES = 5
"""Lines of a log that tell how far a training has come."""


def spoken(magic: Callable[[LiveMagics, str], T]) -> Callable[[LiveMagics, str], T]:
    """Let an error of ours end the cell in its own words: wrong usage comes without a traceback in IPython."""

    @wraps(magic)
    def told(self: LiveMagics, line: str) -> T:
        try:
            return magic(self, line)
        except AlekseylearnError as error:
            raise ipython_error.UsageError(str(error)) from None

    return told


@magics_class
class LiveMagics(Magics):
    """What a notebook can ask of us; an error ends the cell with our words and without a traceback."""

    def __init__(self, shell: Any, cells: Cells) -> None:
        super().__init__(shell)
        self._cells = cells
        self._last = ""

    @magic_arguments()
    @argument("notebook", nargs="?", help="A notebook; else the one that this cell is in.")
    @argument("--why", action="store_true", help="Show the cells that are left out, too, and why.")
    @line_magic("slice")
    @spoken
    def slice_(self, line: str) -> None:
        """Show the cells that training needs, and why."""
        asked = parse_argstring(self.slice_, line)
        path = self._notebook(asked.notebook)
        print(self._call("slice", str(path), *(["--why"] if asked.why else []), folder=path.parent).out, end="")  # noqa: T201

    @magic_arguments()
    @argument("what", nargs="?", help="A notebook, or a model of alekseylearn.yml; else the notebook of this cell.")
    @argument("-p", dest="parameters", nargs=2, action="append", default=[], help="Set a variable of the notebook.")
    @argument("--backend", choices=["process", "docker", "sagemaker"], help="Where to train.")
    @argument("--base", help="Compare with this commit; else with where the default branch was left.")
    @argument("--smoke", action="store_true", help="Use the cheap parameters under `smoke:`.")
    @argument("--force", action="store_true", help="Train although there is a result.")
    @argument("--saved", action="store_true", help="Train what is on disk, whatever ran here.")
    @line_magic
    @spoken
    def fit(self, line: str) -> Table:
        """Train the saved notebook in the background and compare it with the base; returns at once."""
        asked = parse_argstring(self.fit, line)
        words, folder = self._meant(asked.what, saved=asked.saved)
        options = [("--backend", asked.backend), ("--base", asked.base)]
        arguments = [*words, *(part for pair in asked.parameters for part in ("-p", *pair))]
        arguments += [part for name, value in options if value for part in (name, value)]
        arguments += [name for name, on in (("--smoke", asked.smoke), ("--force", asked.force)) if on]
        plan = self._call("fit", *arguments, "--dry-run", "--json", folder=folder).document
        runs = [run for run in plan.get("runs", []) if run.get("id")]
        if not runs:
            raise UsageError(
                "usage.notebook", f"{words[0]} has nothing to train", hint="name another: %fit NOTEBOOK.ipynb"
            )
        run = runs[0]
        if run["decision"] == "reuse" and (run["base"] is not None or not plan["base"]["sha"]):
            told = f"{run['name']} has a result already: run {run['id']}; --force trains it again"
            return compared_table(run, caption=told)
        started = live_fits.start(_home(folder), run["id"], run["name"], arguments, folder)
        self._last = started.run
        what = run["name"] if run["decision"] == "train" else f"the base of {run['name']}"
        told = f"training {what} in the background: run {started.run} ({run['reason']})"
        return Table(head=(), rows=(), caption=told, after=[f"%status {started.run}  %stop {started.run}  %runs"])

    @magic_arguments()
    @argument("--backend", choices=["process", "docker", "sagemaker"], help="Look there, and nowhere else.")
    @line_magic
    @spoken
    def runs(self, line: str) -> Table:
        """List what runs, and the results that are here; the newest first."""
        asked = parse_argstring(self.runs, line)
        folder = self._folder()
        where = ["--backend", asked.backend] if asked.backend else []
        rows = self._call("runs", "--json", *where, folder=folder).document.get("runs", [])
        live_fits.reap()
        fits = [fit for fit in live_fits.every(_home(folder)) if fit.alive]
        begun = [fit for fit in fits if not any(row["id"] == fit.run and row["since"] >= fit.started for row in rows)]
        return runs_table(rows, [(fit.run, fit.name, fit.started) for fit in begun])

    @magic_arguments()
    @argument("run", nargs="?", help="A run's id, or its beginning; else the last one started here.")
    @line_magic
    @spoken
    def status(self, line: str) -> Table:
        """Say where a run stands; one that has ended is compared with its base."""
        run, folder = parse_argstring(self.status, line).run or self._last_run(), self._folder()
        live_fits.reap()
        fit = live_fits.find(_home(folder), run)
        ended = None if fit is None or fit.alive else fit.result
        if fit is not None and ended is not None:
            return compared_table(ended, caption=f"{fit.name}, run {fit.run}: {ended['state']}")
        said = call(["status", run if fit is None else fit.run], folder)
        if said.code and fit is None:
            raise ipython_error.UsageError(said.err.strip())
        if said.code and fit is not None and not fit.alive:
            raise fit.cut_off()
        about = said.out.splitlines() or [f"run {run} is being prepared"]
        return Table(head=(), rows=(), caption=about[0], after=[*about[1:], *(fit.log(_LINES) if fit else ())])

    @magic_arguments()
    @argument("run", nargs="?", help="A run's id, or its beginning; else the last one started here.")
    @line_magic
    @spoken
    def stop(self, line: str) -> None:
        """Stop a run and keep what it has: finished cells, model, metrics."""
        run, folder = parse_argstring(self.stop, line).run or self._last_run(), self._folder()
        fit = live_fits.find(_home(folder), run)
        if fit is not None and fit.alive:
            ended = fit.stop(_PATIENCE)
            live_fits.reap()
            print(f"run {fit.run} {'is stopped' if ended else 'was asked to stop'}")  # noqa: T201
            return
        said = self._call("stop", run, folder=folder)
        print(said.err + said.out, end="")  # noqa: T201

    @magic_arguments()
    @argument("what", help="A run's id, a model's name (what %%fit trained last), or pr/N.")
    @argument("--base", action="store_true", help="Bring what it was compared with, too.")
    @argument("--into", default="model", help="The variable to fill; VAR_base is the base's.")
    @argument("--to", help="The folder to fill; runs/RUN when left out.")
    @line_magic
    @spoken
    def fetch(self, line: str) -> FetchedModel:
        """Bring a model home and put it into a variable; `.load()` loads it."""
        asked = parse_argstring(self.fetch, line)
        names = [asked.into, *([f"{asked.into}_base"] if asked.base else [])]
        for name in names:
            self._check_free(name)
        options = ["--base"] if asked.base else []
        options += ["--to", str(Path(asked.to).expanduser().absolute())] if asked.to else []
        folder = self._folder()
        what = live_fits.trained(_home(folder), asked.what) or asked.what
        document = self._call("fetch", what, *options, "--json", folder=folder).document
        sides = (document, document.get("base") if asked.base else None)
        models = [FetchedModel.of(side, folder) for side in sides if side]
        self.shell.push(dict(zip(names, models, strict=False)))
        return models[0]

    def _call(self, *arguments: str, folder: Path) -> Said:
        """Run one command; what it has to say about an error ends the cell."""
        said = call(arguments, folder)
        if said.code:
            raise ipython_error.UsageError(said.err.strip() or said.out.strip() or f"exit code {said.code}")
        return said

    def _folder(self) -> Path:
        """Return the folder that commands about no particular notebook run in."""
        path = own_path(self.shell.user_ns, os.environ)
        return Path.cwd() if path is None else path.parent

    def _notebook(self, name: str | None) -> Path:
        """Return the notebook that was named, or the one that this kernel runs."""
        path = own_path(self.shell.user_ns, os.environ) if name is None else Path(name).expanduser().absolute()
        if path is None:
            what = "nobody tells which notebook this kernel runs"
            raise UsageError("usage.notebook", what, hint="name it: %fit NOTEBOOK.ipynb")
        if not path.is_file():
            raise UsageError(
                "usage.notebook", f"there is no notebook {path.name}", where=str(path), hint="name its file"
            )
        return path

    def _meant(self, what: str | None, *, saved: bool) -> tuple[list[str], Path]:
        """Return what `fit` is told to train, and the folder that it is to run in."""
        if what is not None and not what.endswith(".ipynb"):
            return [what], self._folder()
        path = self._notebook(what)
        changed = () if saved else self._cells.unsaved(path)
        if changed and path == own_path(self.shell.user_ns, os.environ):
            told = f"{len(changed)} cells ran here" if len(changed) > 1 else "a cell ran here"
            raise UsageError(
                "nb.unsaved",
                f"{told} that {path.name} does not have on disk: the file is what trains",
                where=changed[0][:80],
                hint="save the notebook first, or add --saved to train the file as it is",
            )
        return [str(path)], path.parent

    def _last_run(self) -> str:
        if not self._last:
            raise UsageError("usage.run", "no run was started here", hint="name one: %runs lists them")
        return self._last

    def _check_free(self, name: str) -> None:
        """Make sure that a variable is no work of the notebook's own."""
        if not name.isidentifier() or keyword.iskeyword(name):
            raise UsageError(
                "usage.variable", f"{name[:40]!r} is no name of a variable", hint="%fetch NAME --into fetched"
            )
        there = self.shell.user_ns.get(name)
        if there is not None and not isinstance(there, FetchedModel):
            what = f"the variable `{name}` holds something of this notebook"
            raise UsageError("usage.variable", what, hint="name another one: %fetch NAME --into fetched")


def load(shell: Any) -> None:
    """Give *shell* the magics, and remember from now on which cells run."""
    cells = Cells()

    def before(info: Any) -> None:
        parent = getattr(shell, "parent_header", None)
        metadata = parent.get("metadata") if isinstance(parent, Mapping) else None
        cells.gone(metadata.get("deletedCells") if isinstance(metadata, Mapping) else None)
        cells.ran(getattr(info, "cell_id", None), str(info.raw_cell))

    unload(shell)
    _HOOKS[id(shell)] = before
    shell.events.register("pre_run_cell", before)
    shell.register_magics(LiveMagics(shell, cells))


def unload(shell: Any) -> None:
    """Stop remembering; the magics stay until others take their names."""
    if (hook := _HOOKS.pop(id(shell), None)) is not None:
        shell.events.unregister("pre_run_cell", hook)


_HOOKS: dict[int, Callable[[Any], None]] = {}


def _home(folder: Path) -> Path:
    """Return our own folder of the repository that *folder* lies in, else of the folder itself."""
    try:
        root = Git.open(folder).root
    except InputError:
        root = folder
    return root / HOME_NAME
