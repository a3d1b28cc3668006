"""What an account of AWS must have before a notebook can be trained there, and how to get what it lacks.

Nothing is started, made or changed; what these credentials may not look at is said to be so, and is no fault.

Sources: API references of Service Quotas (ListServiceQuotas), IAM (GetRole) and Amazon S3 (ListObjectsV2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from alekseylearn.aws import Aws, failed
from alekseylearn.checks import Check, State
from alekseylearn.config import Config, Model
from alekseylearn.errors import AlekseylearnError, MachineError
from alekseylearn.files import read_catalogue
from alekseylearn.prices import Prices
from alekseylearn.s3 import Bucket
from alekseylearn.sagemaker_failures import lacking
from alekseylearn.sagemaker_images import choose_image
from alekseylearn.tables import SageMakerTable
from alekseylearn.text import plural

Connect = Callable[[Mapping[str, str], str | None], Aws]
T = TypeVar("T")

SERVICE = "sagemaker.amazonaws.com"
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/(?:.*/)?([^/]+)\Z")
_INIT = "`alekseylearn init --backend sagemaker` writes a template that makes it"


@dataclass(frozen=True, slots=True)
class _Quota:
    code: str
    value: float


def tables_of(config: Config) -> tuple[SageMakerTable, ...]:
    """Return the different tables of the models that train there, or, where none does, would."""
    there = [one for one in config.models.values() if (one.backend or config.defaults.backend) == "sagemaker"]
    return tuple(_each(config.sagemaker(one) for one in there or config.models.values() or [Model(notebook="")]))


def examine_account(
    environ: Mapping[str, str], tables: Sequence[SageMakerTable], connect: Connect
) -> tuple[Check, ...]:
    """Look at credentials, region, bucket, role and image, for jobs as *tables* say."""
    found: list[Check] = []
    for region in _each(table.region for table in tables):
        try:
            aws = connect(environ, region)
            who = _who(aws)
        except MachineError as error:
            return (*found, _failure("credentials" if error.slug != "aws.region" else "region", error))
        found += [
            Check(name="credentials", state="ok", told=f"account {who['Account']}, as {who['Arn']}"),
            Check(name="region", state="ok", told=aws.region),
        ]
        for table in (one for one in tables if one.region == region):
            found += [_bucket(aws, table), _role(aws, table, who["Account"]), _image(aws.region, table)]
    return tuple(_each(found))


def examine_machines(
    environ: Mapping[str, str], tables: Sequence[SageMakerTable], connect: Connect
) -> tuple[Check, ...]:
    """Look at how many machines of each kind the account may use, and what they cost."""
    found: list[Check] = []
    for region in _each(table.region for table in tables):
        try:
            aws = connect(environ, region)
        except MachineError:
            return tuple(found)  # `examine_account` has told why
        there = [one for one in tables if one.region == region]
        found += _quotas(aws, there)
        prices = Prices(aws)
        found += [_price(prices, name, aws.region) for name in _each(name for one in there for name in one.instances)]
    return tuple(_each(found))


def _who(aws: Aws) -> Mapping[str, str]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found: Mapping[str, str] = aws.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise failed(error, doing="asking AWS who we are") from None
    return found


def _bucket(aws: Aws, table: SageMakerTable) -> Check:
    if table.bucket is None:
        return Check(name="bucket", state="missing", told="none is named (`sagemaker: {bucket: ...}`)", remedy=_INIT)
    bucket = Bucket(aws.client("s3"), table.bucket, table.prefix)
    try:
        next(bucket.keys(), None)
    except MachineError as error:
        return _failure("bucket", error)
    return Check(name="bucket", state="ok", told=f"{bucket.uri('')} is there, in {aws.region}")


def _role(aws: Aws, table: SageMakerTable, account: str) -> Check:
    from botocore.exceptions import BotoCoreError, ClientError

    match = _ROLE.match(table.role or "")
    if match is None:
        return Check(name="role", state="missing", told="none is named (`sagemaker: {role: ...}`)", remedy=_INIT)
    if match[1] != account:
        told = f"{table.role} is of another account than these credentials ({account})"
        return Check(name="role", state="missing", told=told, remedy=f"name a role of {account}, or sign in elsewhere")
    try:
        role = aws.client("iam").get_role(RoleName=match[2])["Role"]
    except (BotoCoreError, ClientError) as error:
        if "NoSuchEntity" in str(error):
            return Check(name="role", state="missing", told=f"there is no role {match[2]}", remedy=_INIT)
        return _unseen("role", failed(error, doing="looking at the role"))
    if trusts(role.get("AssumeRolePolicyDocument"), SERVICE):
        return Check(name="role", state="ok", told=f"{match[2]} trusts {SERVICE}")
    told = f"{match[2]} does not trust {SERVICE}, so that no job can run as it"
    remedy = "give it the trust policy of the role Execution that `alekseylearn init --backend sagemaker` writes"
    return Check(name="role", state="missing", told=told, remedy=remedy)


def trusts(policy: object, service: str) -> bool:
    """Tell whether a trust *policy* lets *service* become its role; its conditions are not looked at."""
    for statement in _listed(policy.get("Statement") if isinstance(policy, Mapping) else None):
        if isinstance(statement, Mapping) and statement.get("Effect") == "Allow":
            principal = statement.get("Principal")
            whom = _listed(principal.get("Service")) if isinstance(principal, Mapping) else ()
            if service in whom and {"sts:AssumeRole", "sts:*", "*"} & set(_listed(statement.get("Action"))):
                return True
    return False


def _image(region: str, table: SageMakerTable) -> Check:
    today = datetime.now(UTC).date().isoformat()
    wrong = lacking(table)
    if wrong is not None and wrong.slug == "sm.network":
        return _failure("network", wrong)
    try:
        address, notes = choose_image(table, frozenset(), read_catalogue(), region=region, today=today)
    except AlekseylearnError as error:
        return _failure("image", error)
    if notes:
        return Check(name="image", state="warning", told=address, remedy="; ".join(notes))
    return Check(name="image", state="ok", told=address)


def _quotas(aws: Aws, tables: Sequence[SageMakerTable]) -> Iterator[Check]:
    from botocore.exceptions import BotoCoreError, ClientError

    wanted = {quota for table in tables for instance in table.instances for quota in _named(instance, table)}
    try:
        known = _known(aws, wanted)
    except (BotoCoreError, ClientError) as error:
        yield _unseen("quotas", failed(error, doing="looking at quotas"))
        return
    for table in tables:
        enough = any(_value(known, one) >= table.count for name in table.instances for one in _named(name, table)[:1])
        for instance in table.instances:
            for quota in _named(instance, table):
                yield _quota(aws.region, quota, known.get(quota), table.count, "warning" if enough else "missing")


def _known(aws: Aws, wanted: set[str]) -> dict[str, _Quota]:
    """Read the account's quotas until all that are *wanted* are found; there are thousands."""
    known: dict[str, _Quota] = {}
    pages = aws.client("service-quotas").get_paginator("list_service_quotas")
    for page in pages.paginate(ServiceCode="sagemaker", PaginationConfig={"PageSize": 100}):
        for quota in page["Quotas"]:
            if quota["QuotaName"] in wanted:
                known[quota["QuotaName"]] = _Quota(quota["QuotaCode"], quota["Value"])
        if len(known) == len(wanted):
            break
    return known


def _named(instance: str, table: SageMakerTable) -> list[str]:
    found = [f"{instance} for {'spot ' if table.spot else ''}training job usage"]
    return [*found, f"{instance} for training warm pool usage"] if table.keep_alive and not table.spot else found


def _value(known: Mapping[str, _Quota], name: str) -> float:
    return known[name].value if name in known else 0.0


def _quota(region: str, name: str, quota: _Quota | None, count: int, otherwise: State) -> Check:
    if quota is None:
        remedy = f"is it a machine for training in {region}? The console of Service Quotas lists them"
        return Check(name="quota", state=otherwise, told=f"AWS knows no quota for {name}", remedy=remedy)
    told = f"{name}: {plural(int(quota.value), 'machine')} at once"
    if quota.value >= count:
        return Check(name="quota", state="ok", told=told)
    remedy = (
        f"aws service-quotas request-service-quota-increase --region {region} --service-code sagemaker"
        f" --quota-code {quota.code} --desired-value {count}"
    )
    needed = f", {count} needed" if quota.value else ""
    return Check(name="quota", state=otherwise, told=f"{told}{needed}", remedy=f"`{remedy}`")


def _price(prices: Prices, instance: str, region: str) -> Check:
    price = prices.of(instance, region)
    if price is not None:
        return Check(name="price", state="ok", told=f"{instance}: ${price:.3f} an hour")
    remedy = "allow pricing:GetProducts; without a price `max_cost` cannot be kept, and no report tells the cost"
    return Check(name="price", state="warning", told=f"{instance}: unknown", remedy=remedy)


def _failure(name: str, error: AlekseylearnError) -> Check:
    where = f" ({error.where})" if error.where else ""
    return Check(name=name, state="missing", told=f"{error.what}{where}", remedy=error.hint or "look at it by hand")


def _unseen(name: str, error: MachineError) -> Check:
    """Say that something could not be looked at; where it is only forbidden, that is as it should be."""
    if error.slug == "aws.denied":
        return Check(name=name, state="ok", told=f"not looked at: {error.what}")
    return Check(name=name, state="warning", told=error.what, remedy=error.hint or "look at it by hand")


def _listed(value: object) -> list[Any]:
    """Return *value* as a list: policies write one thing without brackets."""
    return value if isinstance(value, list) else [value]


def _each(values: Iterable[T]) -> list[T]:
    """Return each of *values* once, in their order."""
    found: list[T] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found
