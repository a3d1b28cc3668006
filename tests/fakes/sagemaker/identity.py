"""Who calls: keys and their owners, roles and whom they trust, GitHub's identity tokens."""

from __future__ import annotations

import base64
import fnmatch
import json
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.iam.models import iam_backends

from tests.fakes.sagemaker.settings import Settings
from tests.fakes.sagemaker.wire import Answer, Asked, ServiceError, in_json, in_query

ISSUER = "token.actions.githubusercontent.com"
OIDC_SECONDS = 300
"""How long an identity token is good."""
INVALID = {
    "json": ("UnrecognizedClientException", "The security token included in the request is invalid.", 400),
    "query": ("InvalidClientTokenId", "The security token included in the request is invalid.", 403),
    "s3": ("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403),
}
EXPIRED = {
    "json": ("ExpiredTokenException", "The security token included in the request is expired", 400),
    "query": ("ExpiredToken", "The security token included in the request is expired", 403),
    "s3": ("ExpiredToken", "The provided token has expired.", 400),
}
MISSING = {
    "json": ("MissingAuthenticationTokenException", "Missing Authentication Token", 400),
    "query": ("MissingAuthenticationToken", "Request is missing Authentication Token", 403),
    "s3": ("AccessDenied", "Access Denied", 403),
}


@dataclass(kw_only=True)
class Holder:
    """Keys, and who holds them."""

    principal: str
    access_key: str
    secret: str
    token: str | None = None
    expires: float | None = None
    inside: bool = False
    """Whether the service itself uses them, for the role of a job."""

    @property
    def environ(self) -> dict[str, str]:
        """The variables that give these keys to a client."""
        given = {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_SESSION_TOKEN": self.token,
        }
        return {name: value for name, value in given.items() if value}


class Identities:
    """All keys of one account."""

    def __init__(self, account: str, settings: Settings) -> None:
        self.account, self.settings = account, settings
        self.holders: dict[str, Holder] = {}
        self.tokens: set[str] = set()
        self.oidc_requests = 0
        self.request_token = "a-token-of-the-runner"
        self._lock = threading.Lock()

    def give(self, principal: str, *, seconds: float | None = None, inside: bool = False) -> Holder:
        """Give *principal* new keys, which last for *seconds*; None: forever."""
        with self._lock:
            number = len(self.holders)
            passing = seconds is not None
            holder = Holder(
                principal=principal,
                access_key=f"{'ASIA' if passing else 'AKIA'}{self.account}{number:04d}",
                secret=f"secret-of-{number:04d}-{'x' * 26}",
                token=f"token-of-{self.account}-{number}" if passing else None,
                expires=time.time() + seconds if seconds is not None else None,
                inside=inside,
            )
            self.holders[holder.access_key] = holder
            return holder

    def expire(self) -> None:
        """End all session tokens now."""
        with self._lock:
            for holder in self.holders.values():
                if holder.token and not holder.inside:
                    holder.expires = 0.0

    def who(self, call: Asked) -> Holder | None:
        """Return who makes *call*, None for the one call without keys; raise `ServiceError` as AWS refuses keys."""
        form = call.form if call.form in INVALID else "query"
        if call.access_key is None:
            if call.name == "sts:AssumeRoleWithWebIdentity":
                return None
            raise ServiceError(*MISSING[form])
        holder = self.holders.get(call.access_key)
        if holder is None:
            if self.settings.strict_keys:
                raise ServiceError(*INVALID[form])
            return Holder(
                principal=f"arn:aws:iam::{self.account}:user/{call.access_key}", access_key=call.access_key, secret=""
            )
        if holder.token != call.session_token:
            raise ServiceError(*INVALID[form])
        if holder.expires is not None and holder.expires <= time.time():
            raise ServiceError(*EXPIRED[form])
        return holder

    # Roles

    def role(self, arn: str) -> Any:
        """Return moto's role *arn*, or None where there is none."""
        roles = iam_backends[self.account]["aws"].roles.values()
        return next((role for role in roles if role.arn == arn), None)

    def trusts_service(self, arn: str, service: str) -> bool:
        """Tell whether the role *arn* exists and may be assumed by an AWS service."""
        role = self.role(arn)
        return role is not None and any(
            "sts:AssumeRole" in listed(statement["Action"])
            and service in listed(as_dict(statement["Principal"]).get("Service", []))
            for statement in allowing(role)
        )

    # STS

    def answer(self, call: Asked, holder: Holder | None) -> Answer:
        """Answer one of STS's calls that are ours."""
        if call.action == "GetCallerIdentity" and holder is not None:
            arn = holder.principal
            return in_query(
                call, f"<Arn>{arn}</Arn><UserId>AIDA{self.account}</UserId><Account>{self.account}</Account>"
            )
        role, session = call.parameters.get("RoleArn", ""), call.parameters.get("RoleSessionName", "")
        if call.action == "AssumeRoleWithWebIdentity":
            self.admit(role, call.parameters.get("WebIdentityToken", ""))
        asked_for = float(call.parameters.get("DurationSeconds", 3600))
        seconds = asked_for if self.settings.token_seconds is None else self.settings.token_seconds
        principal = f"arn:aws:sts::{self.account}:assumed-role/{role.rpartition('/')[2]}/{session}"
        given = self.give(principal, seconds=seconds)
        until = datetime.fromtimestamp(given.expires or 0, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return in_query(
            call,
            f"<Credentials><AccessKeyId>{given.access_key}</AccessKeyId><SecretAccessKey>{given.secret}</SecretAccessKey>"
            f"<SessionToken>{given.token}</SessionToken><Expiration>{until}</Expiration></Credentials>"
            f"<AssumedRoleUser><Arn>{principal}</Arn><AssumedRoleId>AROA{self.account}:{session}</AssumedRoleId></AssumedRoleUser>",
        )

    def admit(self, arn: str, token: str) -> None:
        """Raise `ServiceError` unless the role *arn* trusts the bearer of *token*."""
        if token not in self.tokens:
            raise ServiceError(
                "InvalidIdentityToken",
                "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
            )
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        if claims["exp"] <= time.time():
            raise ServiceError(
                "ExpiredTokenException",
                f"Token expired: current date/time {int(time.time())} must be before the expiration date/time {claims['exp']}",
            )
        provider = f"arn:aws:iam::{self.account}:oidc-provider/{ISSUER}"
        if provider not in iam_backends[self.account]["aws"].open_id_providers:
            raise ServiceError(
                "InvalidIdentityToken", f"No OpenIDConnect provider found in your account for https://{ISSUER}"
            )
        role = self.role(arn)
        if role is None or not any(
            "sts:AssumeRoleWithWebIdentity" in listed(statement["Action"])
            and provider in listed(as_dict(statement["Principal"]).get("Federated", []))
            and holds(statement.get("Condition", {}), claims)
            for statement in allowing(role)
        ):
            raise ServiceError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)

    # GitHub

    def identity_token(self, authorization: str, audience: str) -> Answer:
        """Answer as GitHub does where a job asks for its identity token."""
        self.oidc_requests += 1
        if authorization.lower() != f"bearer {self.request_token}":
            return in_json({"message": "unauthorized"}, 401)
        if self.settings.oidc_failures > 0:
            self.settings.oidc_failures -= 1
            return in_json({"message": "service unavailable"}, 503)
        now = int(time.time())
        claims = {
            "iss": f"https://{ISSUER}", "aud": audience, "sub": "repo:shop@1001/price@2002:pull_request", "repository": "shop/price",
            "repository_id": "2002", "repository_owner_id": "1001", "ref": "refs/pull/7/merge", "run_id": "42", "event_name": "pull_request",
            "iat": now, "nbf": now - 600, "exp": now + OIDC_SECONDS, "jti": f"{self.account}-{self.oidc_requests}", **self.settings.claims,
        }  # fmt: skip
        parts = ({"typ": "JWT", "alg": "RS256", "kid": "a-key"}, claims)
        token = ".".join([*(encoded(json.dumps(part).encode()) for part in parts), encoded(b"not really signed")])
        self.tokens.add(token)
        return in_json({"count": len(token), "value": token})


def simulated(call: Asked, denied: list[str]) -> Answer:
    """Answer iam:SimulatePrincipalPolicy: everything is allowed but what fits a pattern of *denied*."""
    told = []
    for name, action in call.parameters.items():
        if name.startswith("ActionNames."):
            decision = "implicitDeny" if any(fnmatch.fnmatchcase(action, pattern) for pattern in denied) else "allowed"
            told.append(
                f"<member><EvalActionName>{action}</EvalActionName><EvalResourceName>*</EvalResourceName>"
                f"<EvalDecision>{decision}</EvalDecision></member>"
            )
    return in_query(call, f"<IsTruncated>false</IsTruncated><EvaluationResults>{''.join(told)}</EvaluationResults>")


def encoded(data: bytes) -> str:
    """Return *data* as the parts of a JWT are written."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def allowing(role: Any) -> list[dict[str, Any]]:
    """Return the statements of the role's trust policy that allow something."""
    document = json.loads(role.assume_role_policy_document)
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    return [statement for statement in statements if statement["Effect"] == "Allow"]


def listed(value: Any) -> list[Any]:
    """Return *value* as a list: policies write one thing without brackets."""
    return value if isinstance(value, list) else [value]


def as_dict(value: Any) -> dict[str, Any]:
    """Return a principal as a dictionary: policies write everybody as `*`."""
    return value if isinstance(value, dict) else {}


def holds(conditions: dict[str, dict[str, Any]], claims: dict[str, Any]) -> bool:
    """Tell whether *claims* keep the *conditions* of a trust policy, as far as we know them; what we do not know does not hold."""
    for operator, wanted in conditions.items():
        for name, values in wanted.items():
            claim = claims.get(name.removeprefix(f"{ISSUER}:")) if name.startswith(f"{ISSUER}:") else None
            if claim is None:
                return False
            if operator == "StringEquals":
                kept = str(claim) in listed(values)
            elif operator == "StringLike":
                kept = any(fnmatch.fnmatchcase(str(claim), value) for value in listed(values))
            else:
                return False
            if not kept:
                return False
    return True
