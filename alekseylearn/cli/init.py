"""`init`: write the workflow, and what an account of AWS needs, into the repository; nothing is sent anywhere."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from alekseylearn.beginnings import Beginning
    from alekseylearn.config import BackendName, Config
    from alekseylearn.git import Git
    from alekseylearn.suggestions import Candidate

_ROLE = re.compile(r"arn:[a-z-]+:iam::(\d{12}):role/(?:.*/)?([^/]+)\Z")
_REGION = r"[a-z]{2,4}(?:-[a-z]+)+-\d"
_TELLS = "`aws sts get-caller-identity --query Account --output text` tells it"


def _matching(pattern: str, wanted: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Make a check of what an option is given."""

    def check(_context: click.Context, _option: click.Parameter, value: Any) -> Any:
        for one in value if isinstance(value, tuple) else (value,):
            if one is not None and not re.fullmatch(pattern, one, re.ASCII):
                raise click.BadParameter(f"{one!r} is not {wanted}")
        return value

    return check


@click.command("init")
@click.option("--backend", type=click.Choice(["process", "docker", "sagemaker"]), help="Where to train.")
@click.option(
    "--account", callback=_matching(r"\d{12}", "the twelve digits of an account"), help="AWS: the account's number."
)
@click.option(
    "--region",
    callback=_matching(_REGION, "a region such as eu-central-1"),
    help="AWS: where jobs run; else AWS_REGION.",
)
@click.option(
    "--bucket",
    callback=_matching(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's name"),
    help="AWS: the name of the bucket that is made; else one after the repository.",
)
@click.option(
    "--repository",
    callback=_matching(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+", "OWNER/NAME"),
    help="OWNER/NAME on GitHub; else that of the remote origin.",
)
@click.option(
    "--repository-id",
    callback=_matching(r"\d{1,20}", "a repository's number"),
    help="Its number on GitHub, so that no other repository that takes its name later is trusted.",
)
@click.option(
    "--environment",
    callback=_matching(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}", "an environment's name (letters, digits, space . _ -)"),
    help="Let only jobs of this environment of GitHub's train.",
)
@click.option(
    "--instances",
    multiple=True,
    callback=_matching(r"ml\.[a-z0-9*-]+\.[a-z0-9*]+", "an instance type such as ml.g5.xlarge or ml.m5.*"),
    help="AWS: a machine that jobs may use; give it again for another.",
)
@click.option("--max-runtime", default="4h", show_default=True, help="AWS: the longest training that is allowed.")
@click.option("--force", is_flag=True, help="Replace files that are there; alekseylearn.yml never is.")
def init_command(backend: BackendName | None, force: bool, **given: Any) -> int:
    """Write the workflow and alekseylearn.yml into this repository, and for SageMaker what an account needs.

    The notebooks here that train are found and listed. Nothing is sent anywhere.
    """
    from alekseylearn.beginnings import on_machine
    from alekseylearn.comparison import read_config
    from alekseylearn.git import Git

    with Git.open(Path.cwd()) as git:
        config = read_config(git.work_tree())
        name = backend or config.defaults.backend
        begin = _on_sagemaker(git, config, given, os.environ) if name == "sagemaker" else on_machine(name)
        _write(git, begin, config, force=force)
    return 0


def _on_sagemaker(git: Git, config: Config, given: Mapping[str, Any], environ: Mapping[str, str]) -> Beginning:
    from alekseylearn.aws_checks import tables_of
    from alekseylearn.beginnings import bucket_name, on_sagemaker, stack_name, widened
    from alekseylearn.errors import UsageError
    from alekseylearn.files import read_catalogue
    from alekseylearn.iam_policies import Access
    from alekseylearn.tables.values import parse_duration

    tables = tables_of(config)
    table = tables[0]
    role = _ROLE.match(table.role or "")
    repository = given["repository"] or git.name_on_github()
    around = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""
    region = given["region"] or table.region or around
    account = given["account"] or (role and role[1])
    longest = parse_duration(given["max_runtime"])
    if repository is None:
        raise UsageError("usage.repository", "the remote origin is none on github.com", hint="--repository OWNER/NAME")
    if not re.fullmatch(_REGION, region, re.ASCII):
        what = f"{region!r} is no region of AWS" if region else "no region of AWS is named"
        raise UsageError("usage.region", what, hint="--region eu-central-1, or another")
    if account is None:
        raise UsageError("usage.account", "no account of AWS is named", hint=f"--account 111122223333; {_TELLS}")
    if longest is None:
        raise UsageError("usage.time", f"{given['max_runtime']!r} is no time", hint="--max-runtime 90m, 4h or 1h30m")
    stack = stack_name(repository)
    access = Access(
        account=account,
        region=region,
        bucket=given["bucket"] or table.bucket or bucket_name(repository, region),
        repository=repository,
        prefix=table.prefix,
        execution_role=role[2] if role else f"{stack}-execution",
        submit_role=f"{stack}-submit",
        repository_id=given["repository_id"],
        environment=given["environment"],
        branch=_branch(git),
        max_runtime=longest,
    )
    account_of_images = read_catalogue().registries.get(region)
    needed = widened(access, config, tables, machines=given["instances"], images=account_of_images)
    return on_sagemaker(needed, stack)


def _branch(git: Git) -> str:
    """Return the default branch, as far as it is known here."""
    found = git.plumbing.ask("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    return os.fsdecode(found or b"").strip().removeprefix("origin/") or "main"


def _write(git: Git, begin: Beginning, config: Config, *, force: bool) -> None:
    """Write what is not there yet, and say what was done and how to go on."""
    from alekseylearn.beginnings import WORKFLOW, lacks
    from alekseylearn.config import FILE_NAME
    from alekseylearn.suggestions import first_config

    others = [] if force else _others(git)
    for path, text in begin.files.items():
        if path == WORKFLOW and others:
            click.echo(f"left out  {path}: {others[0]} uses the action already; --force writes it all the same")
        else:
            _put(git.root, path, text, replaces=force)
    there = (git.root / FILE_NAME).exists()
    candidates = _candidates(git, config)
    if not there:
        _put(git.root, FILE_NAME, first_config(begin.config, candidates), replaces=False)
    _tell(candidates)
    if there and lacks(config, begin):
        # Comments and all else in it are its owner's.
        click.echo(f"\nWrite into {FILE_NAME}:\n")
        click.echo("".join(f"  {line}\n" for line in begin.config.splitlines()), nl=False)
    click.echo("\nNext:")
    for command in begin.commands:
        click.echo(f"  {command.replace(WORKFLOW, others[0]) if others else command}")
    for note in begin.notes:
        click.echo(f"\n{note}")


def _others(git: Git) -> list[str]:
    """Name the workflows of other names that use the action: two would train, and comment, twice."""
    from alekseylearn.beginnings import WORKFLOW
    from alekseylearn.repository_checks import workflows_of

    return [path for path, check in workflows_of(git.work_tree()) if check is not None and path != WORKFLOW]


def _candidates(git: Git, config: Config) -> list[Candidate]:
    """Find the notebooks of the repository that train; one that cannot be read is told and left out."""
    from alekseylearn.config import Model
    from alekseylearn.errors import InputError
    from alekseylearn.notebook import parse
    from alekseylearn.repository_checks import notebooks_of
    from alekseylearn.suggestions import look_at

    tree, found = git.work_tree(), []
    for path in notebooks_of(tree, config):
        try:
            candidate = look_at(parse(path, tree.read(path)), config.rules(Model(notebook=path)).known)
        except InputError as error:
            click.echo(f"warning: {path} is left out: {error.what}", err=True)
        else:
            found += [] if candidate is None else [candidate]
    return found


def _tell(candidates: list[Candidate]) -> None:
    """Say which notebooks train; a person sees at once whether the right ones were found."""
    from alekseylearn.suggestions import MOST
    from alekseylearn.text import plural

    if not candidates:
        click.echo(
            "\nNo notebook here trains yet. One that should: `#| train` as the first line of the cell that trains."
        )
        return
    click.echo(f"\n{plural(len(candidates), 'notebook')} that train{'s' if len(candidates) == 1 else ''}:")
    for candidate in candidates[:MOST]:
        cells = ", ".join(f"cell {cell} {reason}" for cell, reason in list(candidate.trains.items())[:3])
        click.echo(f"  {candidate.path}: {cells}")
    if len(candidates) > MOST:
        click.echo(f"  and {len(candidates) - MOST} more")


def _put(root: Path, path: str, text: str, *, replaces: bool) -> None:
    from alekseylearn.files import write_atomic

    file, data = root / path, text.encode()
    there = file.read_bytes() if file.is_file() else None
    if there == data:
        click.echo(f"same      {path}")
    elif there is None or replaces:
        write_atomic(file, data)
        click.echo(f"{'wrote' if there is None else 'replaced':9} {path}")
    else:
        click.echo(f"kept      {path}: another one is there; --force replaces it")
