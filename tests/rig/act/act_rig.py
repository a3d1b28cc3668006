"""Run workflows with the real act, in host mode, on the stand-in for GitHub."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.github.server import FakeGitHub
from tests.fakes.github.state import Repository, Run
from tests.rig.act import events
from tests.rig.act.consumer import WORKFLOW, Consumer, Files, Pull, git
from tests.rig.act.process import execute, find_act
from tests.rig.act.result import ActRun

CHECKOUT = Path(__file__).parents[3]
"""The checkout that the tests belong to: the root of the action."""
STUBS = Path(__file__).parent / "stubs"
ACTION = "alekseylearn/action"
TIMEOUT = 300.0
"""Seconds after which a run is ended, however it stands."""
USES = re.compile(
    r"""^\s*(?:-\s+)?uses:\s*['"]?(?P<name>[\w.-]+/[\w.-]+)(?:/[\w./-]+)?@(?P<ref>[\w./-]+)""", re.MULTILINE
)
TOKENS = re.compile(r"\bid-token: write\b")
"""Grants an identity token; GitHub never grants one to a fork."""
NETWORK = re.compile(r"PIP_|UV_|SSL_CERT_|REQUESTS_CA_BUNDLE$|CURL_CA_BUNDLE$|(?:https?|no|all)_proxy$", re.IGNORECASE)
"""Variables that tell how this machine reaches a package index; a step may need them to install the action."""


@dataclass(slots=True, kw_only=True)
class ActRig:
    """Makes consumer repositories and runs their workflows.

    *folder* is the rig's own; *action* is what `uses: alekseylearn/action@...` stands for; *tool_cache* outlives the
    rig, as on a runner that is used again; *secrets* and *variables* hold for every run. *oidc* gives a run of a
    consumer for an event the variables by which jobs ask for identity tokens: where `id-token: write` is granted.
    """

    folder: Path
    github: FakeGitHub
    action: Path
    tool_cache: Path
    token: str = "ghs_workflow"
    secrets: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    stubs: dict[str, Path] = field(default_factory=dict)
    oidc: Callable[[Consumer, str], Mapping[str, str]] = lambda *_: {}

    def consumer(self, files: Files, *, workflow: str, full_name: str = "octo/consumer") -> Consumer:
        """Make a repository with *files* and a workflow on its `main`."""
        folder = self.folder / full_name.replace("/", "-")
        folder.mkdir()
        return Consumer.create(folder, self.github, files, workflow=workflow, full_name=full_name)

    def run_pull(self, pull: Pull, action: str = "opened", **more: Any) -> ActRun:
        """Run the workflow of a pull request, as GitHub does on its merge commit.

        A fork's token may only read. *more* goes to `run`.
        """
        if pull.is_fork:
            self.github.grant(self.token, actions="read", contents="read", pull_requests="read")
        payload = events.pull_request(pull, action)
        commit = pull.merge
        return self.run(pull.consumer, "pull_request", payload, commit=commit, pull=pull, **more)

    def run(
        self,
        consumer: Consumer,
        event: str,
        payload: Mapping[str, Any],
        *,
        commit: str,
        pull: Pull | None = None,
        workflow: str = WORKFLOW,
        arguments: Iterable[str] = (),
        timeout: float = TIMEOUT,
        cancel: Callable[[], object] | None = None,
    ) -> ActRun:
        """Run *workflow* as it stands in *commit* and return what came of it.

        When *cancel* returns, which is called meanwhile, the run is cancelled as GitHub cancels one. Raise
        `ActTimeoutError` after *timeout* seconds; nothing that the run started is left behind.
        """
        record = self._record(consumer, event, commit, pull)
        folder = self._prepare(consumer, record, payload, commit)
        consumer.repository.refresh = functools.partial(publish, consumer.repository, record, folder / "artifacts")
        variables = self._variables(consumer, record, folder, payload)
        if not (pull and pull.is_fork) and TOKENS.search((folder / "tree" / workflow).read_text("utf-8")):
            variables |= self.oidc(consumer, event)
        actor = sender_of(payload)
        command = [
            *(str(find_act()), event, "--json", "--workflows", workflow, "--actor", actor),
            *("--platform", "ubuntu-latest=-self-hosted", "--platform", "self-hosted=-self-hosted"),
            *("--pull=false", "--no-skip-checkout", "--no-cache-server"),
            *("--artifact-server-addr", "127.0.0.1", "--cache-server-addr", "127.0.0.1"),
            *("--action-cache-path", str(folder / "cache"), "--eventpath", str(folder / "event.json")),
            *("--secret-file", str(folder / "secrets.env")),
            *(f"--local-repository={each}" for each in self._local_repositories(folder / "tree")),
            *(f"--env={name}={value}" for name, value in variables.items()),
            *arguments,
        ]
        began = time.monotonic()
        reading, exit_code = execute(command, folder / "tree", self._environment(folder), timeout, cancel)
        record.status, record.conclusion = "completed", "failure" if exit_code else "success"
        shutil.rmtree(folder / "cache")
        return ActRun(
            run_id=record.id,
            exit_code=exit_code,
            seconds=time.monotonic() - began,
            jobs=reading.jobs,
            steps=reading.steps(),
            annotations=tuple(reading.annotations),
            event=payload,
            artifacts={path.stem: path for path in sorted((folder / "artifacts").glob("*/*.zip"))},
            log="\n".join(reading.log),
        )

    def _prepare(self, consumer: Consumer, record: Run, payload: Mapping[str, Any], commit: str) -> Path:
        """Make the folder of one run: the tree with the workflow, the event, the secrets and places to write."""
        folder = self.folder / f"run-{record.id}"
        for name in ("artifacts", "cache", "tree"):
            (folder / name).mkdir(parents=True)
        tree = folder / "tree"
        git(tree, "init", "--quiet", ".")
        git(tree, "fetch", "--quiet", "--depth=1", f"file://{consumer.origin()}", commit)
        git(tree, "checkout", "--quiet", "--detach", "FETCH_HEAD")
        # act reads the repository's name from its origin, and fetches nothing from there.
        git(tree, "remote", "add", "origin", f"https://github.com/{consumer.full_name}.git")
        # act keeps its own idea of where the tool cache is, below the folder that it is given.
        (folder / "cache" / "tool_cache").symlink_to(self.tool_cache, target_is_directory=True)
        (folder / "event.json").write_text(json.dumps(payload), encoding="utf-8")
        secrets = {"GITHUB_TOKEN": self.token, **self.secrets}
        lines = [f"{name}='{value}'\n" for name, value in secrets.items()]
        (folder / "secrets.env").write_text("".join(lines), encoding="utf-8")
        return folder

    def _record(self, consumer: Consumer, event: str, commit: str, pull: Pull | None) -> Run:
        return consumer.repository.add_run(
            head_sha=pull.head if pull else commit,
            head_branch=pull.branch if pull else "main",
            head_repository=pull.source if pull else consumer.repository,
            event=event,
            status="in_progress",
            conclusion=None,
        )

    def _local_repositories(self, tree: Path) -> Iterator[str]:
        stubs = {f"actions/{path.name}": path for path in STUBS.iterdir()} | self.stubs
        known = {ACTION: self.action, **stubs}
        texts = [*tree.glob(".github/workflows/*.yml"), *(path / "action.yml" for path in known.values())]
        wanted = {
            (use["name"], use["ref"])
            for path in texts
            if path.exists()
            for use in USES.finditer(path.read_text(encoding="utf-8"))
        }
        for name, ref in sorted(wanted):
            if name not in known:
                raise LookupError(f"no stand-in for {name}@{ref}: add one to {STUBS.name}/ or to the rig's stubs")
            yield f"{name}@{ref}={known[name]}"

    def _variables(self, consumer: Consumer, record: Run, folder: Path, payload: Mapping[str, Any]) -> dict[str, str]:
        """Return what the real runner tells a step and act does not, and what the stand-ins need."""
        name = consumer.full_name
        return {
            "GITHUB_API_URL": self.github.url,
            "GITHUB_GRAPHQL_URL": f"{self.github.url}/graphql",
            "GITHUB_RUN_ID": str(record.id),
            "GITHUB_RUN_NUMBER": str(len(consumer.repository.runs)),
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_REPOSITORY_ID": str(consumer.repository.id),
            "GITHUB_TRIGGERING_ACTOR": sender_of(payload),
            "GITHUB_WORKFLOW_REF": f"{name}/{WORKFLOW}@refs/heads/main",
            "RUNNER_ENVIRONMENT": "self-hosted",
            "RUNNER_NAME": "rig",
            "ACT_RIG_ORIGINS": str(consumer.origins),
            "ACT_RIG_ARTIFACTS": str(folder / "artifacts"),
            **self.variables,
        }

    def _environment(self, folder: Path) -> dict[str, str]:
        """Return the environment of a machine where nobody has settings."""
        home = folder / "home"
        places = {
            "HOME": home,
            "TMPDIR": folder / "tmp",
            "XDG_CACHE_HOME": home / ".cache",
            "XDG_CONFIG_HOME": home / ".config",
            "XDG_DATA_HOME": home / ".local" / "share",
        }
        for place in places.values():
            place.mkdir(parents=True, exist_ok=True)
        # Packages that this machine has already need not be loaded again.
        packages = {"UV_CACHE_DIR": str(Path.home() / ".cache" / "uv"), "LANG": "C.UTF-8", "PATH": os.environ["PATH"]}
        network = {name: value for name, value in os.environ.items() if NETWORK.match(name)}
        network["no_proxy"] = ",".join(filter(None, (network.get("no_proxy"), "127.0.0.1", "localhost")))
        return {**packages, **network, **{name: str(place) for name, place in places.items()}}


def sender_of(payload: Mapping[str, Any]) -> str:
    """Return who made an event happen; a schedule is nobody's, and runs as whoever changed it last."""
    login: str = payload.get("sender", {}).get("login", "mona")
    return login


def publish(repository: Repository, run: Run, folder: Path) -> None:
    """Show the artifacts that the steps of *run* have uploaded in the API, too."""
    for path in sorted(folder.glob("*/*.zip")):
        number = int(path.parent.name)
        if number not in repository.artifacts:
            repository.add_artifact(path.stem, path.read_bytes(), run=run, artifact_id=number)


def export(checkout: Path, target: Path) -> Path:
    """Copy the files of *checkout* that git knows or would add to *target* and return it.

    act copies the whole folder of an action for each run: a virtual environment in it costs half a minute.
    """
    listed = git(checkout, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        if (checkout / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(checkout / name, target / name, follow_symlinks=False)
    return target
