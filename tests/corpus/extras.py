"""What the manifest asks for beyond exit codes and words: one check for each key, on the real commands."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cmarkgfm

from alekseylearn.comment_state import marker
from tests.corpus import surfaces
from tests.corpus.thread import THEIRS, settle

Check = Callable[["Case", Any], Iterator[str]]
OUTPUTS = {"result", "decision", "comment-url", "report-path", "artifacts-dir", "any-trained", "matrix"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case: its entry in the manifest, its folder in the corpus, and an empty folder to work in."""

    told: Mapping[str, Any]
    corpus: Path
    room: Path

    @property
    def folder(self) -> Path:
        """Where its files lie."""
        return self.corpus / self.told["cat"] / self.told["id"]

    @property
    def path(self) -> Path:
        """Its first file, or its repository."""
        path = self.corpus / self.told["files"][0]
        return path if path.exists() else next(self.folder.iterdir())

    def run(self, *words: str | Path, cwd: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run one of our commands as a newcomer: an empty home, nothing set."""
        own = {"PATH": os.environ["PATH"], "HOME": str(self.room), "LANG": "C.UTF-8", "TMPDIR": str(self.room)}
        command = ["alekseylearn", *map(str, words)]
        return subprocess.run(
            command,
            cwd=cwd or self.folder,
            env={**own, "PYTHONHASHSEED": "random", **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def diff(self, *words: str) -> list[dict[str, Any]]:
        """Compare the repository's commit with the branch `base`, as JSON."""
        done = self.run("diff", "base...HEAD", "--json", *words, cwd=self.path)
        return [one for one in json.loads(done.stdout)["notebooks"] if one["status"] != "unchanged"]

    def runs(self) -> list[dict[str, Any]]:
        """Say what a `fit` of the commit would train."""
        done = self.run("fit", "--dry-run", "--json", "--base", "base", cwd=self.path)
        return list(json.loads(done.stdout)["runs"])


def check_extras(corpus: Path) -> list[tuple[str, list[str]]]:
    """Check all cases of *corpus*; return each check's name, and what is wrong."""
    manifest = json.loads((corpus / "manifest.json").read_text())
    found = []
    for told in manifest["cases"]:
        for key, value in {**told["extra"], **_named(told)}.items():
            with tempfile.TemporaryDirectory(prefix="extra-", ignore_cleanup_errors=True) as room:
                case = Case(told=told, corpus=corpus, room=Path(room))
                try:
                    problems = list(CHECKS[key](case, value))
                except Exception as error:  # noqa: BLE001 - a check that breaks has not passed
                    problems = [f"{type(error).__name__}: {error}"[:300]]
            found.append((f"extra {told['id']} {key}", problems))
    return found


COMMANDS = {
    "diff": ("diff", "{path}"),
    "extract": ("slice", "{path}"),
    "run": ("fit", "{path}", "--dry-run"),
    "config": ("config", "check", "{path}"),
    "fetch": ("fetch", "{path}", "--to", "{room}/out"),
}


def _named(told: Mapping[str, Any]) -> dict[str, Any]:
    """Ask that what goes on with a warning, or without a training, says of which class that is."""
    quiet = told["outcome"] not in ("warn", "skip", "contain") or told["cls"] == "none"
    listed = [surface for surface in told["surface"] if surface in COMMANDS]
    return {} if quiet or not listed or told["cat"] == "events" else {"class is named": listed}


def named(case: Case, listed: list[str]) -> Iterator[str]:
    """Every command that takes it names the class."""
    for surface in listed:
        path = str(case.path)
        done = case.run(*(word.format(path=path, room=case.room) for word in COMMANDS[surface]))
        if case.told["cls"] not in done.stdout + done.stderr:
            yield f"{surface} does not name {case.told['cls']}"


def same_identity_as(case: Case, other: str) -> Iterator[str]:
    """The same cells, whatever the bytes around them."""
    if identity(case, case.path) != identity(case, case.corpus / "notebooks" / other / "model.ipynb"):
        yield "another identity"


def identity(case: Case, path: Path) -> tuple[str, list[str]]:
    """Return the digest and the cells' ids of a notebook whose first cell is said to train."""
    document = json.loads(case.run("slice", path, "--target", "0", "--json").stdout)
    return document["digest"], [cell["id"] for cell in document["cells"]]


def stable(case: Case, times: int) -> Iterator[str]:
    """Nothing random is in an identity."""
    if len({str(identity(case, case.path)) for _ in range(times)}) != 1:
        yield "identities differ from run to run"


def never(case: Case, word: str) -> Iterator[str]:
    """No command ever says it, not even with --debug."""
    for words in (("diff",), ("slice", "--why", "--target", "0"), ("fit", "--dry-run")):
        done = case.run("--debug", *words, case.path)
        if word in done.stdout + done.stderr:
            yield f"{words[0]} says {word}"


def strict_json(case: Case, _: bool) -> Iterator[str]:
    """What is said in JSON can be read by everybody."""
    for words in (("diff", "--json"), ("slice", "--json", "--target", "0"), ("fit", "--dry-run", "--json")):
        done = case.run(*words, case.path)
        json.loads(done.stdout, parse_constant=_refuse)
    made = case.room / "slice.ipynb"
    case.run("slice", "--target", "0", case.path, "-o", made)
    json.loads(made.read_text(), parse_constant=_refuse)
    yield from ()


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def marker_count(case: Case, wanted: int) -> Iterator[str]:
    """Only our own line is a marker."""
    body = surfaces.body(case.path, {})
    found = sum(1 for line in body.splitlines() if line.strip() in (marker(42), marker(1), THEIRS))
    if found != wanted or "@everyone" in cmarkgfm.github_flavored_markdown_to_html(body):
        yield f"{found} markers"


def data_only(case: Case, _: bool) -> Iterator[str]:
    """A path comes out as it went in."""
    copy = case.room / "copy"
    shutil.copytree(case.folder, copy)
    done = case.run("diff", "--json", copy / case.path.name, cwd=copy)
    (one,) = json.loads(done.stdout)["notebooks"]
    if one["path"] != case.path.name or _names(copy) != _names(case.folder):
        yield f"the path became {one['path']!r}"


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def dest_unchanged(case: Case, _: bool) -> Iterator[str]:
    """What stood in the folder stands there still, and nothing beside it."""
    target = case.room / "target"
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    done = case.run("fetch", case.path, "--to", target)
    if (target / "mine.txt").read_text() != "mine":
        yield "a file of mine was changed"
    beside = sorted(path.name for path in [*target.rglob("*"), *case.room.iterdir()])
    if done.returncode and beside != ["mine.txt", "target"]:
        yield f"left behind: {beside}"


def mode_max(case: Case, wanted: str) -> Iterator[str]:
    """Nobody gets more rights than to read, and the owner to write."""
    case.run("fetch", case.path, "--to", case.room / "out")
    files = [path for path in (case.room / "out").rglob("*") if path.is_file()]
    if not files or any(stat.S_IMODE(path.stat().st_mode) & ~int(wanted, 8) for path in files):
        yield f"modes {[oct(path.stat().st_mode) for path in files]}"


def max_disk(case: Case, megabytes: int) -> Iterator[str]:
    """At no moment more is written than that."""
    seen, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            sizes = (path.stat().st_size for path in case.room.rglob("*") if not path.is_symlink())
            try:
                seen.append(sum(sizes))
            except OSError:
                continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    case.run("fetch", case.path, "--to", case.room / "out")
    done.set()
    watcher.join()
    if max(seen) > megabytes << 20:
        yield f"{max(seen) >> 20} MB written"


def not_empty(case: Case, _: bool) -> Iterator[str]:
    """Files beside it do not change what is seen, and none of them is run."""
    copy = case.room / "copy"
    shutil.copytree(case.folder, copy)
    for words in (("diff", "--json", "model.ipynb"), ("config", "check"), ("fit", "model.ipynb", "--dry-run")):
        for start in (("alekseylearn",), (sys.executable, "-m", "alekseylearn")):
            done = subprocess.run([*start, *words], cwd=copy, capture_output=True, text=True, check=False)
            if done.returncode or "PWNED" in "".join(_names(copy)):
                yield f"{' '.join(words)}: {done.returncode}, {_names(copy)}"
            elif words[0] == "diff" and not json.loads(done.stdout)["notebooks"][0]["cells"]:
                yield "no change seen"


def launches(case: Case, wanted: int) -> Iterator[str]:
    """Nothing would be started: not by the command, and not by what `ci` steps say to later jobs."""
    if case.told["cat"] == "repos":
        trained = [run for run in case.runs() if run["decision"] == "train"]
        if len(trained) != wanted:
            yield f"{len(trained)} would train"
        return
    for step in ("plan", "run", "submit", "collect"):
        outputs = case.room / f"outputs-{step}"
        done = event_step(case, step, outputs)
        told = outputs.read_text() if outputs.exists() else ""
        if re.search(r"^any-trained<<.*\ntrue$", told, re.MULTILINE) or "Traceback" in done.stdout + done.stderr:
            yield f"ci {step}: {told}{done.stderr[-200:]}"


def event_step(case: Case, step: str, outputs: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Carry out a step of the action for the case's event."""
    environ = json.loads((case.folder / "env.json").read_text())
    event = {"GITHUB_EVENT_PATH": str(case.folder / "event.json"), "GITHUB_OUTPUT": str(outputs)}
    return case.run("ci", step, **environ, **event, **more)


def aws_calls(case: Case, wanted: int) -> Iterator[str]:
    """Nobody asks AWS anything."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)
        port = listening.getsockname()[1]
        keys = {"AWS_ACCESS_KEY_ID": "AKIAXXXXXXXXXXXXXXXX", "AWS_SECRET_ACCESS_KEY": "x" * 40}
        for step in ("plan", "run", "submit", "collect"):
            address = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_REGION": "eu-central-1"}
            event_step(case, step, case.room / "outputs", INPUT_BACKEND="sagemaker", **keys, **address)
        calls = 0
        try:
            while True:
                listening.accept()
                calls += 1
        except TimeoutError:
            pass
    if calls != wanted:
        yield f"{calls} calls"


def changed(case: Case, wanted: list[str]) -> Iterator[str]:
    """These notebooks have changed code, and no others."""
    found = [
        one["path"]
        for one in case.diff()
        if any(cell["kind"] not in ("outputs", "metadata") for cell in one["cells"]) or one["status"] == "added"
    ]
    if found != wanted:
        yield f"changed: {found}"


def changed_count(case: Case, wanted: int) -> Iterator[str]:
    """So many notebooks differ."""
    found = [one["path"] for one in case.diff()]
    if len(found) != wanted:
        yield f"{len(found)} changed: {found}"


def same_identity(case: Case, _: bool) -> Iterator[str]:
    """A notebook that only moved has no change in it, and keeps its identity."""
    (one,) = case.diff()
    if one["status"] != "renamed" or one["cells"]:
        yield f"{one}"
    case_runs = case.runs()
    if any(run["decision"] == "train" and run["base"] for run in case_runs):
        yield f"{case_runs}"


def distinct(case: Case, wanted: int) -> Iterator[str]:
    """Each notebook is one of its own."""
    names = {(one["path"], one["old_path"]) for one in case.diff()}
    if len(names) != wanted:
        yield f"{names}"


def run_from(case: Case, folder: str) -> Iterator[str]:
    """What lies in a folder changes nothing for a command that is called there."""
    done = case.run("diff", "base...HEAD", "--json", cwd=case.path / folder)
    paths = [one["path"] for one in json.loads(done.stdout)["notebooks"]]
    if "model.ipynb" not in paths:
        yield f"compared: {paths}"


def base_sha(case: Case, sha: str) -> Iterator[str]:
    """A commit that is gone is refused by its name."""
    done = case.run("diff", f"{sha}...HEAD", cwd=case.path)
    if done.returncode != 3 or "git.history" not in done.stderr:
        yield f"{done.returncode}: {done.stderr}"


def on_nan(case: Case, _: bool) -> Iterator[str]:
    """What is no number is never better than one."""
    from alekseylearn.metrics import Judgement, compare

    told = surfaces.measured_in(case.path).metrics
    numbers = [type(metric)(name=metric.name, value=1.0) for metric in told]
    for goal in ("min", "max"):
        judgement = Judgement(goals={metric.name: goal for metric in told})
        for delta in compare(numbers, told, judgement):
            if delta.head is not None and not math.isfinite(delta.head) and delta.verdict == "better":
                yield f"{delta.name} is said to be better"


def page_of(case: Case) -> str:
    """Draw the comment on a run that left this."""
    return str(cmarkgfm.github_flavored_markdown_to_html(surfaces.body(case.path, {})))


def columns(case: Case, _: bool) -> Iterator[str]:
    """A name never makes a column."""
    rows = re.findall(r"<tr>(.*?)</tr>", page_of(case).replace("\n", ""))
    tables = {len(re.findall(r"<t[dh]", row)) for row in rows}
    if not rows or any(count > 6 for count in tables):
        yield f"columns: {tables}"
    for table in re.findall(r"<table>.*?</table>", page_of(case), re.DOTALL):
        if len({len(re.findall(r"<t[dh]", row)) for row in table.split("<tr>")[1:]}) != 1:
            yield "rows of different lengths"


def mentions(case: Case, wanted: int) -> Iterator[str]:
    """Nobody is called."""
    text = re.sub(r"<code>.*?</code>", "", page_of(case), flags=re.DOTALL)
    found = re.findall(r"@\w+", text)
    if len(found) != wanted:
        yield f"mentions {found}"


def metric_last(case: Case, wanted: float) -> Iterator[str]:
    """The last value counts."""
    values = {metric.name: metric.value for metric in surfaces.measured_in(case.path).metrics}
    if values.get("loss") != wanted:
        yield f"loss is {values.get('loss')}"


def points(case: Case, wanted: int) -> Iterator[str]:
    """A step that was logged twice is one point of the curve."""
    (loss,) = surfaces.measured_in(case.path).metrics
    if len(loss.series) != wanted:
        yield f"{len(loss.series)} points"


def active_commands(case: Case, wanted: int) -> Iterator[str]:
    """Read the step's log as the runner does: between our two own lines no command is one."""
    script = str(Path(surfaces.__file__))
    asked = [sys.executable, script, "log", str(case.path), str(case.corpus / "manifest.json")]
    printed = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    stopped, active = None, 0
    for line in re.split(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]", printed):
        at = line.find("##[")
        command = re.match(r"\s*::([\w-]+)[^:]*::(.*)", line)
        if stopped is not None:
            stopped = None if line.strip() == f"::{stopped}::" else stopped
            active += at >= 0 and stopped is not None
        elif command and command[1] == "stop-commands":
            stopped = command[2]
        elif (command and command[1] not in ("warning", "notice")) or at >= 0:
            active += 1
    if active != wanted:
        yield f"{active} commands"


def declared_keys(case: Case, _: bool) -> Iterator[str]:
    """A value cannot make an output of its own."""
    from alekseylearn.actions import Runner

    file = case.room / "outputs"
    text = case.path.read_text()
    Runner(sys.stdout, output=file).set_outputs({"decision": text, "result": text})
    lines, names = iter(file.read_text().split("\n")), []
    for line in lines:
        name, mark, end = line.partition("<<")
        if not mark:
            continue
        names.append(name)
        while next(lines) != end:
            pass
    if not set(names) <= OUTPUTS or names != ["decision", "result"]:
        yield f"outputs {names}"


def headings(case: Case, wanted: int) -> Iterator[str]:
    """No heading of the first level is ours."""
    found = len(re.findall(r"<h1", page_of(case)))
    if found != wanted:
        yield f"{found} headings"


def longest(case: Case, characters: int) -> Iterator[str]:
    """GitHub takes it."""
    body = surfaces.body(case.path, {})
    if len(body) > characters or body != body.encode("utf-8").decode():
        yield f"{len(body)} characters"


def updated(case: Case, wanted: int | None) -> Iterator[str]:
    """Our own comment is brought up to date, or one is made where there is none."""
    seen = settle(case.path)
    if seen.kept != wanted:
        yield f"kept {seen.kept}"


def others(case: Case, _: bool) -> Iterator[str]:
    """Nothing that somebody else wrote is touched, and one comment of ours is left."""
    seen = settle(case.path)
    if seen.touched:
        yield f"touched {seen.touched}"
    if seen.ours != 1:
        yield f"{seen.ours} comments of ours"


CHECKS: Mapping[str, Check] = {
    "class is named": named,
    "same_identity_as": same_identity_as,
    "identity_stable_over_runs": stable,
    "never": never,
    "every_json_we_write_is_strict": strict_json,
    "marker_count_in_comment": marker_count,
    "path_is_data_only": data_only,
    "dest_unchanged_on_reject": dest_unchanged,
    "extracted_mode_max": mode_max,
    "max_disk_mb": max_disk,
    "run_with_cwd": lambda case, value: iter(()),
    "diff_is_not_empty": not_empty,
    "launches": launches,
    "aws_calls": aws_calls,
    "changed": changed,
    "changed_count": changed_count,
    "same_identity": same_identity,
    "distinct_identities": distinct,
    "run_from": run_from,
    "base_sha": base_sha,
    "improvement_never_claimed_on_nan": on_nan,
    "table_columns_constant": columns,
    "mentions": mentions,
    "metric_loss_last": metric_last,
    "points": points,
    "active_workflow_commands": active_commands,
    "outputs_only_declared_keys": declared_keys,
    "rendered_h1": headings,
    "comment_max_chars": longest,
    "update_comment_id": updated,
    "touch_no_other": others,
}
