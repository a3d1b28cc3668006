"""`doctor --backend sagemaker`: each line is ok or says exactly what to do, and nothing is made by looking."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from alekseylearn.aws import connect_aws
from alekseylearn.aws_checks import examine_account, examine_machines, tables_of, trusts
from alekseylearn.checks import Check
from alekseylearn.config import parse_config
from alekseylearn.tables import SageMakerTable, read_sagemaker
from tests.desk import Bench
from tests.fakes.sagemaker.service import SageMakerService

NOWHERE = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent"}

MANY = b"""\
defaults: {backend: sagemaker, sagemaker: {bucket: one-bucket}}
models: {a: {notebook: a.ipynb}, b: {notebook: b.ipynb}, c: {notebook: c.ipynb, backend: docker}}
"""


def table(service: SageMakerService, **changed: Any) -> SageMakerTable:
    said = {"role": service.role, "bucket": service.bucket, "instances": ["ml.m5.large"], **changed}
    return read_sagemaker({key: value for key, value in said.items() if value is not None})


def account(service: SageMakerService, *tables: SageMakerTable, **environ: str) -> dict[str, Check]:
    given = {**NOWHERE, **service.environ, **environ}
    return {check.name: check for check in examine_account(given, tables, connect_aws)}


def machines(service: SageMakerService, *tables: SageMakerTable) -> list[tuple[str, str, str, str]]:
    told = examine_machines({**NOWHERE, **service.environ}, tables, connect_aws)
    return [(check.name, check.state, check.told, check.remedy) for check in told]


def states(found: Mapping[str, Check]) -> dict[str, str]:
    return {name: check.state for name, check in found.items()}


class TestAccount:
    def test_one_that_can_train(self, sagemaker_service: SageMakerService) -> None:
        found = account(sagemaker_service, table(sagemaker_service))
        assert states(found) == dict.fromkeys(["credentials", "region", "bucket", "role", "image"], "ok")
        assert found["credentials"].told == (
            f"account {sagemaker_service.account}, as arn:aws:iam::{sagemaker_service.account}:user/tester"
        )
        assert found["bucket"].told == f"s3://{sagemaker_service.bucket}/alekseylearn/ is there, in us-east-1"
        assert found["role"].told == "alekseylearn-execution trusts sagemaker.amazonaws.com"
        assert found["image"].told.startswith("763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch")

    def test_a_workflow_by_its_identity_token(self, sagemaker_service: SageMakerService) -> None:
        environ = {**NOWHERE, **sagemaker_service.oidc_environ}
        (credentials, *_) = examine_account(environ, [table(sagemaker_service)], connect_aws)
        assert ":assumed-role/alekseylearn-submit/" in credentials.told

    def test_nothing_is_known_of_aws(self) -> None:
        (only,) = examine_account(NOWHERE, [SageMakerTable()], connect_aws)
        assert (only.name, only.state) == ("region", "missing")
        assert "AWS_REGION" in only.remedy
        (only,) = examine_account(NOWHERE, [SageMakerTable(region="eu-west-1")], connect_aws)
        assert (only.name, only.state) == ("credentials", "missing")
        assert only.remedy
        assert examine_machines(NOWHERE, [SageMakerTable()], connect_aws) == ()

    def test_keys_that_nobody_knows(self, sagemaker_service: SageMakerService) -> None:
        found = account(sagemaker_service, table(sagemaker_service), AWS_ACCESS_KEY_ID="AKIANOBODY")
        assert states(found) == {"credentials": "missing"}
        assert found["credentials"].remedy

    def test_a_table_in_which_nothing_is_said(self, sagemaker_service: SageMakerService) -> None:
        found = account(sagemaker_service, SageMakerTable())
        assert {name: found[name].state for name in ("bucket", "role")} == {"bucket": "missing", "role": "missing"}
        assert "alekseylearn init --backend sagemaker" in found["bucket"].remedy
        assert "alekseylearn init --backend sagemaker" in found["role"].remedy

    def test_a_bucket_that_is_not_there(self, sagemaker_service: SageMakerService) -> None:
        found = account(sagemaker_service, table(sagemaker_service, bucket="nobody-has-this"))["bucket"]
        assert (found.state, "no such bucket" in found.told, bool(found.remedy)) == ("missing", True, True)

    def test_a_bucket_that_may_not_be_listed(self, own_sagemaker: SageMakerService) -> None:
        own_sagemaker.fail("s3:ListObjectsV2", "deny")
        found = account(own_sagemaker, table(own_sagemaker))["bucket"]
        assert (found.state, "s3:ListBucket" in found.told, bool(found.remedy)) == ("missing", True, True)

    def test_a_role_that_is_not_there(self, sagemaker_service: SageMakerService) -> None:
        arn = f"arn:aws:iam::{sagemaker_service.account}:role/service-role/nobody"
        found = account(sagemaker_service, table(sagemaker_service, role=arn))["role"]
        assert (found.state, found.told) == ("missing", "there is no role nobody")

    def test_a_role_of_another_account(self, sagemaker_service: SageMakerService) -> None:
        arn = "arn:aws:iam::999999999999:role/alekseylearn-execution"
        found = account(sagemaker_service, table(sagemaker_service, role=arn))["role"]
        assert (found.state, sagemaker_service.account in found.told) == ("missing", True)

    def test_a_role_that_no_job_can_run_as(self, sagemaker_service: SageMakerService) -> None:
        found = account(sagemaker_service, table(sagemaker_service, role=sagemaker_service.submit_role))["role"]
        assert (found.state, "does not trust sagemaker.amazonaws.com" in found.told) == ("missing", True)

    def test_a_role_that_may_not_be_looked_at_is_no_fault(self, own_sagemaker: SageMakerService) -> None:
        own_sagemaker.fail("iam:GetRole", "deny")
        found = account(own_sagemaker, table(own_sagemaker))["role"]
        assert (found.state, "not looked at" in found.told, "iam:GetRole" in found.told) == ("ok", True, True)

    def test_a_service_that_fails_is_a_warning(self, own_sagemaker: SageMakerService) -> None:
        own_sagemaker.fail("iam:GetRole", "error", code="Odd", text="odd", status=400)
        found = account(own_sagemaker, table(own_sagemaker))["role"]
        assert (found.state, "odd" in found.told, bool(found.remedy)) == ("warning", True, True)

    def test_an_image_that_aws_does_not_have(self, sagemaker_service: SageMakerService) -> None:
        found = account(sagemaker_service, table(sagemaker_service, image="pytorch:0.1"))["image"]
        assert (found.state, "pytorch:0.1" in found.told, bool(found.remedy)) == ("missing", True, True)

    def test_an_image_without_patches(
        self, sagemaker_service: SageMakerService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "alekseylearn.aws_checks.choose_image", lambda *_, **__: ("1.dkr/old:1", ("gets no patches: name a newer",))
        )
        found = account(sagemaker_service, table(sagemaker_service))["image"]
        assert (found.state, found.told, found.remedy) == ("warning", "1.dkr/old:1", "gets no patches: name a newer")

    def test_half_a_network(self, sagemaker_service: SageMakerService) -> None:
        found = account(sagemaker_service, table(sagemaker_service, subnets=["subnet-0a"]))
        assert (found["network"].state, "go together" in found["network"].told) == ("missing", True)

    def test_two_models_are_looked_at_once_where_they_are_alike(self, sagemaker_service: SageMakerService) -> None:
        both = [table(sagemaker_service), table(sagemaker_service, bucket="nobody-has-this")]
        told = examine_account({**NOWHERE, **sagemaker_service.environ}, both, connect_aws)
        assert [check.name for check in told] == ["credentials", "region", "bucket", "role", "image", "bucket"]


class TestMachines:
    @pytest.fixture
    def service(self, own_sagemaker: SageMakerService) -> SageMakerService:
        own_sagemaker.settings.quotas = {"ml.m5.large": 3, "ml.g5.xlarge": 0}
        return own_sagemaker

    def test_there_are_enough_and_they_have_a_price(self, service: SageMakerService) -> None:
        assert machines(service, table(service)) == [
            ("quota", "ok", "ml.m5.large for training job usage: 3 machines at once", ""),
            ("price", "ok", "ml.m5.large: $0.115 an hour", ""),
        ]

    def test_none_may_be_used(self, service: SageMakerService) -> None:
        (quota, price) = machines(service, table(service, instances=["ml.g5.xlarge"]))
        assert quota[:3] == ("quota", "missing", "ml.g5.xlarge for training job usage: 0 machines at once")
        assert quota[3].startswith(
            "`aws service-quotas request-service-quota-increase --region us-east-1 --service-code sagemaker --quota-code L-"
        )
        assert quota[3].endswith(" --desired-value 1`")
        assert price[1] == "ok"

    def test_another_machine_of_the_list_may_be_used(self, service: SageMakerService) -> None:
        told = machines(service, table(service, instances=["ml.g5.xlarge", "ml.m5.large"]))
        assert [one[:2] for one in told] == [("quota", "warning"), ("quota", "ok"), ("price", "ok"), ("price", "ok")]

    def test_fewer_than_train_together(self, service: SageMakerService) -> None:
        (quota, _) = machines(service, table(service, count=4))
        assert quota[:3] == (
            "quota",
            "missing",
            "ml.m5.large for training job usage: 3 machines at once, 4 needed",
        )
        assert "--desired-value 4" in quota[3]

    def test_spot_machines_and_those_that_are_kept_are_counted_apart(self, service: SageMakerService) -> None:
        (spot, _) = machines(service, table(service, spot=True))
        assert spot[1:3] == ("ok", "ml.m5.large for spot training job usage: 3 machines at once")
        (plain, warm, _) = machines(service, table(service, keep_alive="10m"))
        assert (plain[1], warm[2]) == ("ok", "ml.m5.large for training warm pool usage: 0 machines at once")
        assert warm[1] == "warning"

    def test_a_machine_that_aws_does_not_know(self, service: SageMakerService) -> None:
        (quota, price) = machines(service, table(service, instances=["ml.odd.large"]))
        assert quota[1:3] == ("missing", "AWS knows no quota for ml.odd.large for training job usage")
        assert price[1:3] == ("warning", "ml.odd.large: unknown")
        assert all(one[3] for one in (quota, price))

    def test_all_pages_of_quotas_are_read(self, service: SageMakerService) -> None:
        service.settings.quotas |= {f"ml.a{number}.large": 1 for number in range(200)}
        (quota, _) = machines(service, table(service))
        assert quota[1] == "ok"
        asked = [call for call in service.calls if call.action == "ListServiceQuotas"]
        assert len(asked) > 1

    def test_what_may_not_be_looked_at(self, service: SageMakerService) -> None:
        service.fail("servicequotas:ListServiceQuotas", "deny")
        service.fail("pricing:GetProducts", "deny")
        (quota, price) = machines(service, table(service))
        assert quota[1] == "ok"
        assert "not looked at" in quota[2]
        assert price[1:] == (
            "warning",
            "ml.m5.large: unknown",
            "allow pricing:GetProducts; without a price `max_cost` cannot be kept, and no report tells the cost",
        )


@pytest.mark.parametrize(
    ("policy", "trusted"),
    [
        ({"Statement": {"Effect": "Allow", "Principal": {"Service": "a"}, "Action": "sts:AssumeRole"}}, True),
        (
            {"Statement": [{"Effect": "Allow", "Principal": {"Service": ["b", "a"]}, "Action": ["sts:AssumeRole"]}]},
            True,
        ),
        ({"Statement": [{"Effect": "Deny", "Principal": {"Service": "a"}, "Action": "sts:AssumeRole"}]}, False),
        ({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "a"}, "Action": "sts:AssumeRole"}]}, False),
        ({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}, False),
        ({"Statement": [{"Effect": "Allow", "Principal": {"Service": "a"}, "Action": "sts:TagSession"}]}, False),
        ({"Statement": ["odd"]}, False),
        ({}, False),
        (None, False),
    ],
)
def test_a_trust_policy_is_read(policy: object, trusted: bool) -> None:
    assert trusts(policy, "a") is trusted


@pytest.mark.parametrize(
    ("config", "buckets"),
    [
        (b"", [None]),
        (b"defaults: {sagemaker: {bucket: one-bucket}}", ["one-bucket"]),
        (b"models: {a: {notebook: a.ipynb, sagemaker: {bucket: a-bucket}}}", ["a-bucket"]),
        (
            b"models: {a: {notebook: a.ipynb, backend: sagemaker, sagemaker: {bucket: a-bucket}}, b: {notebook: b.ipynb}}",
            ["a-bucket"],
        ),
        (MANY, ["one-bucket"]),
    ],
)
def test_the_tables_of_those_that_train_there_are_looked_at(config: bytes, buckets: list[str | None]) -> None:
    assert [one.bucket for one in tables_of(parse_config(config))] == buckets


class TestCommand:
    def test_every_line_is_ok_or_says_what_to_do(self, sagemaker_service: SageMakerService, tmp_path: Path) -> None:
        bench = Bench.create(tmp_path)
        where = {"role": sagemaker_service.role, "bucket": sagemaker_service.bucket, "instances": "ml.m5.large"}
        bench.desk.write("alekseylearn.yml", json.dumps({"defaults": {"backend": "sagemaker", "sagemaker": where}}))
        before = bench.desk.tree()
        done = bench.desk.run("doctor", "--json", **sagemaker_service.environ)
        assert done.code == 0, done.out + done.err
        checks = done.document["checks"]
        assert [check["name"] for check in checks[-7:]] == [
            *("credentials", "region", "bucket", "role", "image", "quota", "price"),
        ]
        assert all(check["remedy"] or check["state"] == "ok" for check in checks)
        assert bench.desk.tree() == before

    def test_nothing_but_looking_is_asked_of_aws(self, own_sagemaker: SageMakerService) -> None:
        said = table(own_sagemaker)
        account(own_sagemaker, said)
        machines(own_sagemaker, said)
        assert {call.name for call in own_sagemaker.calls} == {
            "sts:GetCallerIdentity",
            "s3:ListObjectsV2",
            "iam:GetRole",
            "servicequotas:ListServiceQuotas",
            "pricing:GetProducts",
        }
