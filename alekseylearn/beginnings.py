"""The files that a repository begins with: the workflow, the configuration, and what an account of AWS needs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from alekseylearn.config import FILE_NAME, BackendName, Config, parse_config
from alekseylearn.iam_policies import (
    Access,
    execution_policy,
    execution_trust,
    partition_of,
    registry,
    submit_policy,
    submit_trust,
)
from alekseylearn.iam_template import deploy_command, template_text
from alekseylearn.sagemaker_requests import MARGIN
from alekseylearn.tables import SageMakerTable

WORKFLOW = ".github/workflows/alekseylearn.yml"
TEMPLATE = "aws/cloudformation.yml"
_DOCUMENTS = {
    "aws/submit-policy.json": submit_policy,
    "aws/submit-trust.json": submit_trust,
    "aws/execution-policy.json": execution_policy,
    "aws/execution-trust.json": execution_trust,
}
_HOSTED = "ubuntu-latest"
_CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
"""By its commit, which nobody can move, as a tag can be."""
_SAME = "github.event.pull_request.head.repo.full_name == github.repository"
_UNTIL_CLOSED = (
    "on:",
    "  pull_request:",
    "    types: [opened, synchronize, reopened, closed] # closed: its jobs are stopped",
)
_LONGEST_NAME = 40
"""Characters of a stack's name, so that those of roles keep below 64."""
_LONGEST_BUCKET = 63
_ECR = re.compile(r"(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)")
_KEY_ID = re.compile(r"[0-9a-f-]{36}\Z|mrk-[0-9a-f]{32}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Files by path, the configuration that goes with them, commands to go on with, and what else to know."""

    files: Mapping[str, str]
    config: str
    commands: tuple[str, ...]
    notes: tuple[str, ...] = ()


def on_machine(backend: BackendName) -> Beginning:
    """Return what begins a repository whose notebooks are trained on the runner itself."""
    return Beginning(
        files={WORKFLOW: _workflow(backend)},
        config=f"defaults:\n  backend: {backend}\n",
        commands=(
            f"alekseylearn doctor --backend {backend}",
            "alekseylearn fit",
            _commit(WORKFLOW, FILE_NAME),
        ),
    )


def on_sagemaker(access: Access, name: str) -> Beginning:
    """Return what begins a repository whose notebooks are trained on SageMaker, by the stack *name*."""
    deploy = deploy_command(TEMPLATE, access.region, name)
    files = {
        TEMPLATE: template_text(access, deploy),
        **{path: json.dumps(document(access), indent=2) + "\n" for path, document in _DOCUMENTS.items()},
        WORKFLOW: _workflow("sagemaker", role=access.submit_arn, environment=access.environment),
    }
    return Beginning(
        files=files,
        config=_config(access),
        commands=(deploy, "alekseylearn doctor --backend sagemaker", _commit(WORKFLOW, "aws", FILE_NAME)),
        notes=tuple(_notes(access)),
    )


def lacks(config: Config, begin: Beginning) -> bool:
    """Tell whether the repository's *config* says less than that of *begin*; instance types are its own matter."""
    wanted = parse_config(begin.config.encode()).defaults
    said = config.defaults
    models = [one for one in config.models.values() if (one.backend or said.backend) == wanted.backend]
    tables = [{**said.sagemaker, **one.sagemaker} for one in models] or [{**said.sagemaker}]
    fixed = {key: value for key, value in wanted.sagemaker.items() if key != "instances"}
    nobody = not models and said.backend != wanted.backend
    return nobody or any(table.get(key) != value for table in tables for key, value in fixed.items())


def stack_name(repository: str) -> str:
    """Name the stack of *repository* (`owner/name`); roles are called by it, too."""
    return _cut(f"alekseylearn-{repository.partition('/')[2]}", _LONGEST_NAME)


def bucket_name(repository: str, region: str) -> str:
    """Name a bucket that nobody else will have thought of."""
    return f"{_cut(f'alekseylearn-{repository}', _LONGEST_BUCKET - len(region) - 1)}-{region}"


def widened(
    access: Access, config: Config, tables: Iterable[SageMakerTable], *, machines: Iterable[str], images: str | None
) -> Access:
    """Widen *access* to what the models of *config*, whose tables are *tables*, need, and to *machines*.

    *images* is the account that has AWS's images in the region. Machines that nobody named are the usual ones.
    """
    known, models = tuple(tables), config.models.values()
    chosen = any("instances" in raw for raw in (config.defaults.sagemaker, *(model.sagemaker for model in models)))
    instances = [*machines, *(name for table in known for name in table.instances if chosen)]
    timeouts = [config.defaults.timeout, *(model.timeout or 0 for model in models)]
    partition = partition_of(access.region)
    own = {match for table in known if table.image and (match := _ECR.match(table.image))}
    repositories = sorted({f"arn:{partition}:ecr:{one[2]}:{one[1]}:repository/{one[3]}" for one in own})
    keys = [_key(access, table.kms_key) for table in known if table.kms_key]
    return replace(
        access,
        partition=partition,
        instances=tuple(dict.fromkeys(instances)) or access.instances,
        # The service itself ends a job somewhat later than the job does.
        max_runtime=max(access.max_runtime, *timeouts) + MARGIN,
        keep_alive=max((table.keep_alive or 0 for table in known), default=0),
        data=tuple(sorted({one for model in models for one in model.data.values() if one.startswith("s3://")})),
        images=(*([registry(partition, access.region, images)] if images else []), *repositories),
        kms_key=next((key for key in keys if key), None),
        vpc=any(table.subnets for table in known),
    )


def _key(access: Access, key: str) -> str | None:
    """Return the ARN of *key*; None for an alias, which no policy can name."""
    if _KEY_ID.match(key):
        return f"arn:{partition_of(access.region)}:kms:{access.region}:{access.account}:key/{key}"
    return key if ":key/" in key else None


def _workflow(backend: BackendName, role: str = "", environment: str | None = None) -> str:
    lines = [
        "# Trains the notebooks that a pull request changed, and reviews the result in one comment.",
        "name: alekseylearn",
        *(_UNTIL_CLOSED if role else ["on: pull_request"]),
        "permissions: {}",
        'concurrency: {group: "alekseylearn-${{ github.event.pull_request.number }}", cancel-in-progress: true}',
        "jobs:",
        "  train:",
        "    name: Train",
        *([f"    if: {_SAME} # a fork has no right to the role"] if role else []),
        f"    runs-on: {_HOSTED}{' # or [self-hosted, linux, gpu]' if backend == 'docker' else ''}",
        "    timeout-minutes: 360",
        *([f"    environment: {json.dumps(environment)}"] if environment else []),
        "    permissions:",
        "      contents: read",
        "      pull-requests: write # the comment",
        *(["      id-token: write # the role on AWS"] if role else []),
        "    steps:",
        f"      - uses: {_CHECKOUT}",
        '        with: {fetch-depth: 0, ref: "${{ github.event.pull_request.head.sha }}", persist-credentials: false}',
        "      - uses: alekseylearn/action@v1",
        "        with:",
        f"          backend: {backend}",
        *([f"          aws-role: {role}"] if role else []),
    ]
    return "\n".join(lines) + "\n"


def _config(access: Access) -> str:
    machines = ", ".join(name for name in access.instances if "*" not in name)
    prefix = [] if access.prefix == SageMakerTable().prefix else [f"    prefix: {access.prefix}"]
    lines = [
        "defaults:",
        "  backend: sagemaker",
        "  sagemaker:",
        f"    region: {access.region}",
        f"    role: {access.execution_arn}",
        f"    bucket: {access.bucket}",
        *prefix,
        f"    # The submit policy allows {', '.join(access.instances)}; they are tried in the order of this list.",
        f"    instances: [{machines}]" if machines else f"    # instances: [{SageMakerTable().instances[0]}]",
    ]
    return "\n".join(lines) + "\n"


def _notes(access: Access) -> Iterator[str]:
    yield (
        "If the account has GitHub's identity provider already, add `--parameter-overrides GitHub=exists` to the first"
        " command."
    )
    if access.repository_id is None:
        yield (
            f"`gh api repos/{access.repository} --jq .id` tells the repository's number: with --repository-id no other"
            " one that takes its name later is trusted."
        )
    if access.environment is not None:
        name = access.environment.replace(" ", "%20")
        yield f"The environment is made by `gh api --method PUT repos/{access.repository}/environments/{name}`."


def _commit(*paths: str) -> str:
    return f"git add {' '.join(paths)} && git commit -m 'Train notebooks with alekseylearn' && git push"


def _cut(text: str, most: int) -> str:
    """Make *text* one word of lower-case letters, digits and hyphens, of at most *most* characters."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:most].strip("-")
