"""`init` writes what a repository begins with, over nothing that is there, and says how to go on."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from alekseylearn.beginnings import (
    WORKFLOW,
    bucket_name,
    lacks,
    on_machine,
    on_sagemaker,
    stack_name,
    widened,
)
from alekseylearn.config import Config, Model, parse_config
from alekseylearn.iam_policies import Access, submit_policy
from alekseylearn.iam_template import template
from alekseylearn.sagemaker_requests import MARGIN, PREFIX
from alekseylearn.settings import Inputs
from alekseylearn.tables import SageMakerTable
from tests.desk import Bench, Done, lone_desk
from tests.rig.iam.simulator import Simulator
from tests.small import growth, notebook
from tests.test_iam_policies import create

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
ACCOUNT, REGION = "111122223333", "eu-west-1"
ACCESS = Access(account=ACCOUNT, region=REGION, bucket="acme-training", repository="acme/churn")
WRITTEN = [
    "aws/cloudformation.yml",
    "aws/submit-policy.json",
    "aws/submit-trust.json",
    "aws/execution-policy.json",
    "aws/execution-trust.json",
    WORKFLOW,
]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Return a repository that came from GitHub."""
    made = Bench.create(tmp_path)
    made.git.git("remote", "add", "origin", "git@github.com:acme/churn.git")
    return made


def init(bench: Bench, *arguments: str, **environ: str) -> Done:
    return bench.desk.run("init", *arguments, **{"AWS_REGION": "", "AWS_DEFAULT_REGION": "", **environ})


def on_aws(bench: Bench, *arguments: str) -> Done:
    return init(bench, "--backend", "sagemaker", "--account", ACCOUNT, "--region", REGION, *arguments)


def read(bench: Bench, path: str) -> str:
    return (bench.desk.folder / path).read_text("utf-8")


def words(done: Done) -> dict[str, str]:
    """Return what was said of each file: path -> wrote, same, kept, replaced."""
    lines = [line.split(maxsplit=1) for line in done.out.split("\n\n")[0].splitlines()]
    return {path.partition(":")[0]: word for word, path in lines}


class TestSageMaker:
    def test_everything_is_written_and_the_next_commands_are_told(self, bench: Bench) -> None:
        done = on_aws(bench, "--instances", "ml.g5.xlarge", "--instances", "ml.m5.*", "--environment", "training")
        assert (done.code, done.err) == (0, "")
        assert words(done) == dict.fromkeys([*WRITTEN, "alekseylearn.yml"], "wrote")
        commands = done.out.split("\nNext:\n")[1].split("\n\n")[0].splitlines()
        assert [command.split()[:2] for command in commands] == [
            ["aws", "cloudformation"],
            ["alekseylearn", "doctor"],
            ["git", "add"],
        ]
        assert "gh api --method PUT repos/acme/churn/environments/training" in done.out
        assert "GitHub=exists" in done.out

    def test_the_files_agree_with_each_other(self, bench: Bench) -> None:
        assert on_aws(bench, "--repository-id", "4242", "--environment", "training").code == 0
        table = parse_config(read(bench, "alekseylearn.yml").encode()).sagemaker(Model(notebook=""))
        made = yaml.safe_load(read(bench, "aws/cloudformation.yml"))["Resources"]
        assert table.bucket == made["Results"]["Properties"]["BucketName"] == "alekseylearn-acme-churn-eu-west-1"
        name = made["ExecutionRole"]["Properties"]["RoleName"]
        assert table.role == f"arn:aws:iam::{ACCOUNT}:role/{name}"
        job = yaml.safe_load(read(bench, WORKFLOW))["jobs"]["train"]
        submit = made["SubmitRole"]["Properties"]["RoleName"]
        assert job["steps"][1]["with"] == {
            "backend": "sagemaker",
            "aws-role": f"arn:aws:iam::{ACCOUNT}:role/{submit}",
        }
        assert job["environment"] == "training"
        policy = json.loads(read(bench, "aws/submit-policy.json"))
        (passed,) = [one["Resource"] for one in policy["Statement"] if one["Action"] == "iam:PassRole"]
        assert passed == table.role
        trust = json.loads(read(bench, "aws/submit-trust.json"))["Statement"][0]["Condition"]["StringEquals"]
        assert trust["token.actions.githubusercontent.com:repository_id"] == "4242"

    def test_the_policy_allows_the_machines_of_the_configuration_that_goes_with_it(
        self, bench: Bench, iam: Simulator
    ) -> None:
        on_aws(bench)
        config = parse_config(read(bench, "alekseylearn.yml").encode())
        table = config.sagemaker(Model(notebook=""))
        asked = dataclasses.replace(
            create(**{"sagemaker:InstanceTypes": [*table.instances], "sagemaker:MaxRuntimeInSeconds": "7500"})
        )
        policy = json.loads(read(bench, "aws/submit-policy.json"))
        principal = f"arn:aws:iam::{ACCOUNT}:role/alekseylearn-churn-submit"
        assert iam.ask([asked], policy=policy, principal=principal, account=ACCOUNT) == ["Allowed"]

    def test_what_is_there_is_kept_unless_it_is_forced(self, bench: Bench) -> None:
        on_aws(bench)
        bench.desk.write(WORKFLOW, "name: mine\n")
        again = on_aws(bench)
        assert words(again) == {**dict.fromkeys(WRITTEN, "same"), WORKFLOW: "kept"}
        assert read(bench, WORKFLOW) == "name: mine\n"
        forced = on_aws(bench, "--force")
        assert words(forced) == {**dict.fromkeys(WRITTEN, "same"), WORKFLOW: "replaced"}
        assert "aws-role" in read(bench, WORKFLOW)

    def test_a_configuration_that_is_there_is_never_written(self, bench: Bench) -> None:
        mine = "# mine\nmodels: {growth: {notebook: growth.ipynb}}\n"
        bench.desk.write("alekseylearn.yml", mine)
        done = on_aws(bench, "--force")
        assert read(bench, "alekseylearn.yml") == mine
        told = done.out.split("Write into alekseylearn.yml:\n\n")[1].split("\n\nNext")[0]
        both = parse_config((mine + told.replace("\n  ", "\n").removeprefix("  ")).encode())
        assert both.defaults.backend == "sagemaker"
        bench.desk.write("alekseylearn.yml", mine + told.replace("\n  ", "\n").removeprefix("  "))
        assert "Write into" not in on_aws(bench).out

    def test_what_the_configuration_says_need_not_be_said_again(self, bench: Bench) -> None:
        bench.desk.write(
            "alekseylearn.yml",
            "defaults: {backend: sagemaker, timeout: 10h, sagemaker: {region: eu-central-1, bucket: our-bucket,"
            f" prefix: team/churn, role: 'arn:aws:iam::{ACCOUNT}:role/ours', instances: [ml.g6.xlarge]}}}}\n",
        )
        done = init(bench)
        assert done.code == 0, done.err
        assert "Write into" not in done.out
        policy = json.loads(read(bench, "aws/submit-policy.json"))
        text = json.dumps(policy)
        for there in ("eu-central-1", "our-bucket/team/churn/", "role/ours", "ml.g6.xlarge", str(36_000 + MARGIN)):
            assert there in text
        assert "ml.m5" not in text

    def test_the_region_may_come_from_the_environment(self, bench: Bench) -> None:
        done = init(bench, "--backend", "sagemaker", "--account", ACCOUNT, AWS_REGION="us-west-2")
        assert done.code == 0
        assert "region: us-west-2" in read(bench, "alekseylearn.yml")

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["--region", REGION], "--account 111122223333; `aws sts get-caller-identity"),
            (["--account", ACCOUNT], "no region of AWS is named"),
            (["--account", ACCOUNT, "--region", REGION, "--max-runtime", "long"], "'long' is no time"),
            (["--account", "12"], "'12' is not the twelve digits of an account"),
            (["--region", "Frankfurt"], "'Frankfurt' is not a region"),
            (["--repository", "churn"], "'churn' is not OWNER/NAME"),
            (["--repository", "acme/*"], "'acme/*' is not OWNER/NAME"),
            (["--repository-id", "x"], "'x' is not a repository's number"),
            (["--environment", "*"], "'*' is not an environment's name"),
            (["--environment", "${AWS::AccountId}"], "is not an environment's name"),
            (["--bucket", "A"], "'A' is not a bucket's name"),
            (["--instances", "g5.xlarge"], "'g5.xlarge' is not an instance type"),
        ],
    )
    def test_what_is_missing_or_wrong_is_told_and_nothing_is_written(
        self, bench: Bench, arguments: list[str], told: str
    ) -> None:
        before = bench.desk.tree()
        done = init(bench, "--backend", "sagemaker", *arguments)
        assert done.code == 2
        assert told in done.err
        assert bench.desk.tree() == before

    @pytest.mark.parametrize(
        ("url", "known"),
        [
            ("https://github.com/acme/churn", True),
            ("https://github.com/acme/churn.git", True),
            ("https://x-access-token:secret@github.com/acme/churn.git/", True),
            ("ssh://git@github.com/acme/churn.git", True),
            ("git@gitlab.com:acme/churn.git", False),
            ("https://github.com.evil.example/acme/churn", False),
            ("/srv/git/churn.git", False),
        ],
    )
    def test_the_repository_is_that_of_origin(self, bench: Bench, url: str, known: bool) -> None:
        bench.git.git("remote", "set-url", "origin", url)
        done = on_aws(bench)
        assert (done.code == 0) is known
        if known:
            assert "repo:acme/churn:pull_request" in read(bench, "aws/submit-trust.json")
        else:
            assert "--repository OWNER/NAME" in done.err
        assert "secret" not in done.out + done.err

    def test_the_default_branch_is_that_of_origin(self, bench: Bench) -> None:
        bench.git.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
        on_aws(bench)
        assert "repo:acme/churn:ref:refs/heads/trunk" in read(bench, "aws/submit-trust.json")

    def test_a_region_of_the_environment_that_is_none_is_told(self, bench: Bench) -> None:
        done = init(bench, "--backend", "sagemaker", "--account", ACCOUNT, AWS_DEFAULT_REGION="nowhere")
        assert (done.code, "'nowhere' is no region of AWS" in done.err) == (2, True)

    def test_outside_a_repository_there_is_nothing_to_begin(self, tmp_path: Path) -> None:
        done = lone_desk(tmp_path / "alone").run("init", "--backend", "process")
        assert (done.code, "error[git." in done.err) == (3, True)


class TestMachine:
    def test_one_command_makes_all_that_a_machine_needs(self, bench: Bench) -> None:
        done = init(bench)
        assert (done.code, done.err) == (0, "")
        assert words(done) == {WORKFLOW: "wrote", "alekseylearn.yml": "wrote"}
        assert "git add .github/workflows/alekseylearn.yml alekseylearn.yml &&" in done.out
        assert "id-token" not in read(bench, WORKFLOW)

    def test_the_notebooks_that_train_are_found_named_and_told(self, bench: Bench) -> None:
        bench.desk.write("looking/plots.ipynb", notebook([("code", "1 + 1")]))
        bench.desk.write("looking/.ipynb_checkpoints/old-checkpoint.ipynb", growth())
        bench.desk.write("broken.ipynb", "{")
        done = init(bench)
        assert "\n1 notebook that trains:\n  growth.ipynb: cell 6 trains: calls `line.fit`" in done.out
        assert done.err.startswith("warning: broken.ipynb is left out: ")
        config = parse_config(read(bench, "alekseylearn.yml").encode())
        assert {name: model.notebook for name, model in config.models.items()} == {"growth": "growth.ipynb"}
        checked = bench.desk.run("config", "check")
        assert (checked.code, "1 model" in checked.out) == (0, True)

    def test_what_is_written_changes_no_training(self, bench: Bench) -> None:
        before = bench.desk.run("slice", "growth.ipynb", "--json").document["digest"]
        assert init(bench).code == 0
        assert bench.desk.run("slice", "growth.ipynb", "--json").document["digest"] == before

    def test_a_repository_in_which_nothing_trains_yet(self, bench: Bench) -> None:
        bench.git.git("rm", "--quiet", "growth.ipynb")
        done = init(bench)
        assert (done.code, "No notebook here trains yet" in done.out) == (0, True)
        assert parse_config(read(bench, "alekseylearn.yml").encode()).models == {}

    def test_containers_are_said_in_the_configuration(self, bench: Bench) -> None:
        done = init(bench, "--backend", "docker")
        assert words(done) == {WORKFLOW: "wrote", "alekseylearn.yml": "wrote"}
        assert parse_config(read(bench, "alekseylearn.yml").encode()).defaults.backend == "docker"
        assert words(init(bench)) == {WORKFLOW: "same"}

    def test_a_workflow_of_another_name_is_not_doubled(self, bench: Bench) -> None:
        mine = ".github/workflows/train.yml"
        bench.desk.write(mine, on_machine("process").files[WORKFLOW])
        bench.desk.write(".github/workflows/lint.yml", "on: push\njobs: {}\n")
        done = init(bench)
        assert f"left out  {WORKFLOW}: {mine} uses the action already" in done.out
        assert f"git add {mine} alekseylearn.yml &&" in done.out
        assert not (bench.desk.folder / WORKFLOW).exists()
        assert words(init(bench, "--force"))[WORKFLOW] == "wrote"

    def test_a_configuration_that_is_there_stays_as_it_is(self, bench: Bench) -> None:
        bench.desk.write("alekseylearn.yml", "# mine\n")
        done = init(bench, "--force")
        assert (words(done), read(bench, "alekseylearn.yml")) == ({WORKFLOW: "wrote"}, "# mine\n")
        assert "Write into" not in done.out

    def test_doctor_has_nothing_more_to_ask_for_than_a_commit_and_github(self, tmp_path: Path) -> None:
        fresh = Bench.create(tmp_path)
        assert init(fresh).code == 0
        asked = fresh.desk.run("doctor", "--json", GH_TOKEN="x")
        wrong = {check["name"]: check["remedy"] for check in asked.document["checks"] if check["state"] != "ok"}
        assert wrong.keys() == {"workflow", "GitHub"}
        assert f"git add {WORKFLOW}" in wrong["workflow"]
        fresh.git.commit({})
        fresh.git.git("remote", "add", "origin", "git@github.com:acme/churn.git")
        done = fresh.desk.run("doctor", "--json", GH_TOKEN="x")
        assert [check for check in done.document["checks"] if check["state"] != "ok"] == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workflows") / ".github" / "workflows"
    folder.mkdir(parents=True)
    for name, begin in {
        "process": on_machine("process"),
        "docker": on_machine("docker"),
        "sagemaker": on_sagemaker(ACCESS, "alekseylearn-churn"),
        "environment": on_sagemaker(dataclasses.replace(ACCESS, environment="a place"), "alekseylearn-churn"),
    }.items():
        (folder / f"{name}.yml").write_text(begin.files[WORKFLOW], encoding="utf-8")
    return folder


class TestWorkflows:
    def test_they_follow_the_schema_and_zizmor_finds_nothing(self, folder: Path) -> None:
        zizmor = [BIN / "zizmor", "--offline", "--no-progress", "--config", ROOT / ".github" / "zizmor.yml", folder]
        schema = [BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *folder.iterdir()]
        for command in (zizmor, schema):
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0, done.stdout + done.stderr

    def test_they_ask_for_no_more_than_they_need(self, folder: Path) -> None:
        for file in folder.iterdir():
            workflow: dict[Any, Any] = yaml.safe_load(file.read_text())
            on_aws = file.stem in ("sagemaker", "environment")
            until_closed = {"pull_request": {"types": ["opened", "synchronize", "reopened", "closed"]}}
            assert workflow[True] == (until_closed if on_aws else "pull_request")
            assert workflow["permissions"] == {}
            (job,) = workflow["jobs"].values()
            token = {"id-token": "write"} if on_aws else {}
            assert job["permissions"] == {"contents": "read", "pull-requests": "write", **token}
            assert ("head.repo.full_name == github.repository" in job.get("if", "")) is bool(token)
            checkout, step = job["steps"]
            assert checkout["with"]["persist-credentials"] is False
            assert checkout["with"]["fetch-depth"] == 0
            known = {field.name.replace("_", "-") for field in dataclasses.fields(Inputs)} | {"aws-role"}
            assert set(step["with"]) <= known


class TestWidened:
    def wide(self, config: str = "{}", machines: tuple[str, ...] = (), images: str | None = "763104351884") -> Access:
        read = parse_config(config.encode())
        tables = [read.sagemaker(model) for model in read.models.values()] or [read.sagemaker(Model(notebook=""))]
        return widened(ACCESS, read, tables, machines=machines, images=images)

    def test_machines_that_nobody_named_are_the_usual_ones(self) -> None:
        assert self.wide().instances == ACCESS.instances
        assert self.wide(machines=("ml.g5.xlarge",)).instances == ("ml.g5.xlarge",)

    def test_those_of_all_models_are_allowed(self) -> None:
        config = """\
defaults: {timeout: 30m, sagemaker: {instances: ml.m5.large}}
models:
  a: {notebook: a.ipynb, timeout: 9h}
  b: {notebook: b.ipynb, sagemaker: {instances: [ml.g5.xlarge, ml.m5.large], keep_alive: 10m}, data: {x: "s3://lake/x/", y: /srv}}
"""
        wide = self.wide(config, machines=("ml.g6.xlarge",))
        assert wide.instances == ("ml.g6.xlarge", "ml.m5.large", "ml.g5.xlarge")
        assert (wide.max_runtime, wide.keep_alive, wide.data) == (9 * 3600 + MARGIN, 600, ("s3://lake/x/",))

    @pytest.mark.parametrize(
        ("image", "known", "images"),
        [
            (None, "763104351884", ["arn:aws:ecr:eu-west-1:763104351884:repository/*"]),
            (None, None, []),
            ("pytorch", "763104351884", ["arn:aws:ecr:eu-west-1:763104351884:repository/*"]),
            (
                f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/team/train:1",
                "763104351884",
                [
                    "arn:aws:ecr:eu-west-1:763104351884:repository/*",
                    f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/team/train",
                ],
            ),
        ],
    )
    def test_an_image_of_ones_own_may_be_pulled(self, image: str | None, known: str | None, images: list[str]) -> None:
        config = "{}" if image is None else f"defaults: {{sagemaker: {{image: '{image}'}}}}"
        assert [*self.wide(config, images=known).images] == images

    @pytest.mark.parametrize(
        ("key", "arn"),
        [
            (
                "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f",
                f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f",
            ),
            (f"arn:aws:kms:{REGION}:{ACCOUNT}:key/x", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/x"),
            ("alias/training", None),
        ],
    )
    def test_a_key_is_named_by_its_arn(self, key: str, arn: str | None) -> None:
        assert self.wide(f"defaults: {{sagemaker: {{kms_key: '{key}'}}}}").kms_key == arn

    def test_a_network_of_ones_own_may_be_joined(self) -> None:
        assert self.wide("defaults: {sagemaker: {subnets: subnet-1, security_groups: sg-1}}").vpc
        assert not self.wide().vpc


class TestNames:
    def test_a_stack_is_called_by_the_repository(self) -> None:
        assert stack_name("acme/Churn_Model.2") == "alekseylearn-churn-model-2"
        assert len(stack_name(f"acme/{'x' * 100}")) == 40

    def test_a_bucket_has_a_name_that_s3_takes(self) -> None:
        assert bucket_name("Acme/churn", "eu-west-1") == "alekseylearn-acme-churn-eu-west-1"
        assert len(bucket_name(f"acme/{'x' * 100}", "ap-southeast-1")) <= 63

    def test_the_jobs_that_may_be_started_are_called_as_ours_are(self) -> None:
        (start,) = [one for one in submit_policy(ACCESS)["Statement"] if one["Sid"] == "Start"]
        assert start["Resource"].endswith(f":training-job/{PREFIX}*")


@pytest.mark.parametrize(
    ("config", "missing"),
    [
        ("", True),
        ("defaults: {backend: docker}", False),
        ("{defaults: {backend: docker}, models: {a: {notebook: a.ipynb, backend: process}}}", False),
        ("models: {a: {notebook: a.ipynb, backend: docker}, b: {notebook: b.ipynb}}", False),
    ],
)
def test_a_configuration_lacks_what_no_model_says(config: str, missing: bool) -> None:
    assert lacks(parse_config(config.encode()), on_machine("docker")) is missing


def test_a_configuration_for_another_bucket_lacks_ours() -> None:
    begin = on_sagemaker(ACCESS, "alekseylearn-churn")
    assert not lacks(parse_config(begin.config.encode()), begin)
    assert lacks(parse_config(begin.config.replace("acme-training", "other-bucket").encode()), begin)
    assert lacks(Config(), begin)


def test_a_prefix_of_ones_own_is_said() -> None:
    begin = on_sagemaker(dataclasses.replace(ACCESS, prefix="team/x", instances=("ml.p4d.*",)), "alekseylearn-churn")
    table = parse_config(begin.config.encode()).sagemaker(Model(notebook=""))
    assert (table.prefix, table.instances) == ("team/x", SageMakerTable().instances)
    assert template(dataclasses.replace(ACCESS, prefix="team/x"))["Resources"]["Results"]
