"""Who we are at AWS: keys, the role of a workflow by GitHub's OIDC token, or what botocore's own chain finds."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from alekseylearn.aws_failures import EXPIRED, error_code, failed
from alekseylearn.errors import MachineError

AUDIENCE = "sts.amazonaws.com"
"""Whom GitHub's token is made out to."""
PAUSES = (0.2, 1.0, 3.0)
"""Seconds before another try to get GitHub's token."""
TIMEOUT = 10
_ADVISORY, _MANDATORY = 15 * 60, 10 * 60
"""Seconds before they expire at which new credentials are fetched if that works, and at which they have to be."""
_GRANT = "`permissions: {id-token: write}` in the workflow lets it take the role; pull requests of forks never may"
_USED, _RENEWED = "alekseylearn-used", "alekseylearn-renewed"


class Renewing:
    """Credentials that are loaded when first needed, and anew when AWS says that they have expired.

    It stands where botocore has a `Credentials`; *load* returns one of those, *lasting* says that no other will come.
    """

    def __init__(self, load: Callable[[], Any], *, lasting: bool = False) -> None:
        self._load = load
        self._lasting = lasting
        # Loading may make clients, which ask for credentials.
        self._lock = threading.RLock()
        self._loaded: Any = None
        self.generation = 0
        """How often they were loaded anew."""

    def loaded(self) -> Any:
        """Return botocore's credentials; None where there are none."""
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def renew(self, generation: int) -> bool:
        """Load them anew unless that was done since *generation*; False where there are no others to be had."""
        if self._lasting:
            return False
        with self._lock:
            if self.generation == generation:
                found = self._load()
                if found is None:
                    return False
                self._loaded = found
                self.generation += 1
            return True

    def get_frozen_credentials(self) -> Any:
        """Return keys and token that belong together, renewed before they expire."""
        return self.loaded().get_frozen_credentials()

    def get_deferred_property(self, name: str) -> Callable[[], Any]:
        """Return a function that looks *name* up."""
        return lambda: getattr(self.loaded(), name, None)

    @property
    def method(self) -> str:
        """How they were found, in botocore's words."""
        return str(self.loaded().method)

    def watch(self, client: Any) -> None:
        """Have *client* try once more, with new credentials, what was refused because they had expired."""

        def note(request: Any, **_: Any) -> None:
            request.context[_USED] = self.generation

        def again(response: Any, request_dict: Any, **_: Any) -> int | None:
            code = "" if response is None else response[1].get("Error", {}).get("Code", "")
            context = request_dict["context"]
            if code not in EXPIRED or context.get(_RENEWED):
                return None
            context[_RENEWED] = True
            return 0 if self.renew(context.get(_USED, self.generation)) else None

        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register_first(f"request-created.{service}", note)
        client.meta.events.register_first(f"needs-retry.{service}", again)


def find_credentials(session: Any, environ: Mapping[str, str], region: str) -> Renewing:
    """Find credentials: the workflow's role, keys, a token file's role, else what botocore's own chain has to offer.

    A role that can be taken by OIDC comes before keys, which may be left over and are not renewed. Raises
    `MachineError`: `aws.credentials aws.denied aws.network`.
    """
    token_file = environ.get("AWS_WEB_IDENTITY_TOKEN_FILE", "")
    token: Callable[[], str] | None = None
    if environ.get("AWS_ROLE_ARN") and environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"):
        token = partial(github_token, environ)
    elif environ.get("AWS_ROLE_ARN") and token_file and not environ.get("AWS_ACCESS_KEY_ID"):
        token = partial(_read_token, token_file)
    try:
        if token is not None:
            found = Renewing(partial(_by_token, _unsigned_sts(session, environ, region), environ, token))
        elif environ.get("AWS_ACCESS_KEY_ID"):
            found = Renewing(partial(_by_keys, environ), lasting=True)
        else:
            found = Renewing(partial(_by_chain, session, environ, region))
        there = found.loaded()
    except Exception as error:  # noqa: BLE001 (a plug-in of botocore's chain may raise anything)
        raise failed(error, doing="finding credentials") from None
    if there is None:
        raise _none_found(environ)
    return found


def _none_found(environ: Mapping[str, str]) -> MachineError:
    if environ.get("AWS_ROLE_ARN"):
        what = "the role in AWS_ROLE_ARN can only be taken with a token, and GitHub gives this workflow none"
        return MachineError("aws.credentials", what, where=environ["AWS_ROLE_ARN"], hint=_GRANT)
    if environ.get("GITHUB_ACTIONS") == "true":
        hint = "name a role with the action's input `aws-role`, and set `permissions: {id-token: write}`"
    else:
        hint = "`aws configure sso` and AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    return MachineError("aws.credentials", "there are no credentials for AWS", hint=hint)


def _by_keys(environ: Mapping[str, str]) -> Any:
    from botocore.credentials import Credentials

    secret = environ.get("AWS_SECRET_ACCESS_KEY")
    if not secret:
        hint = "set both, or neither"
        raise MachineError("aws.credentials", "AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not", hint=hint)
    # By the name that botocore's own chain gives it.
    return Credentials(environ["AWS_ACCESS_KEY_ID"], secret, environ.get("AWS_SESSION_TOKEN") or None, "env")


def _by_chain(session: Any, environ: Mapping[str, str], region: str) -> Any:
    from botocore.credentials import ContainerProvider, create_credential_resolver

    # A new chain each time: an old one would find again what it found before.
    chain = create_credential_resolver(session, region_name=region)
    chain.remove("env")
    # The first of that name goes.
    chain.insert_after("container-role", ContainerProvider(environ))
    chain.remove("container-role")
    if environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        chain.remove("iam-role")
    return chain.load_credentials()


def _by_token(sts: Any, environ: Mapping[str, str], token: Callable[[], str]) -> Any:
    from botocore.credentials import RefreshableCredentials

    def fetch() -> dict[str, str]:
        return _assume(sts, environ["AWS_ROLE_ARN"], session_name(environ), token())

    first = fetch()
    lasts = (datetime.fromisoformat(first["expiry_time"]) - datetime.now(UTC)).total_seconds()
    return RefreshableCredentials.create_from_metadata(
        first,
        refresh_using=fetch,
        method="assume-role-with-web-identity",
        # Short-lived ones would be fetched for every request.
        advisory_timeout=min(_ADVISORY, lasts / 4),
        mandatory_timeout=min(_MANDATORY, lasts / 6),
    )


def _unsigned_sts(session: Any, environ: Mapping[str, str], region: str) -> Any:
    from botocore import UNSIGNED
    from botocore.config import Config

    return session.create_client(
        "sts",
        region_name=region,
        endpoint_url=environ.get("AWS_ENDPOINT_URL_STS") or environ.get("AWS_ENDPOINT_URL") or None,
        config=Config(
            signature_version=UNSIGNED,
            connect_timeout=TIMEOUT,
            read_timeout=30,
            retries={"mode": "standard", "total_max_attempts": 5},
        ),
    )


def _assume(sts: Any, role: str, name: str, token: str) -> dict[str, str]:
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

    try:
        reply = sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName=name, WebIdentityToken=token)
    except (BotoCoreError, ClientError) as error:
        if error_code(error)[0] == "ValidationError" or isinstance(error, ParamValidationError):
            # What it says repeats the request.
            hint = "arn:aws:iam::ACCOUNT:role/NAME"
            raise MachineError("aws.credentials", "AWS_ROLE_ARN is no role", where=role, hint=hint) from None
        told = failed(error, doing="taking the role")
        raise MachineError(told.slug, told.what, where=role, hint=told.hint) from None
    keys = reply["Credentials"]
    return {
        "access_key": keys["AccessKeyId"],
        "secret_key": keys["SecretAccessKey"],
        "token": keys["SessionToken"],
        "expiry_time": keys["Expiration"].isoformat(),
    }


def session_name(environ: Mapping[str, str]) -> str:
    """Name the session of a role so that CloudTrail shows which run it was; 64 characters at most."""
    if environ.get("AWS_ROLE_SESSION_NAME"):
        return re.sub(r"[^\w+=,.@-]", "-", environ["AWS_ROLE_SESSION_NAME"], flags=re.ASCII)[:64]
    run = re.sub(r"\D", "", environ.get("GITHUB_RUN_ID", ""))[:20]
    repository = re.sub(r"[^\w.-]+", "-", environ.get("GITHUB_REPOSITORY", ""), flags=re.ASCII)
    return "-".join(filter(None, ("alekseylearn", repository[: 49 - len(run)].strip("-"), run)))


def _read_token(path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        what = f"the identity token cannot be read ({type(error).__name__})"
        raise MachineError("aws.credentials", what, where=path, hint="see AWS_WEB_IDENTITY_TOKEN_FILE") from None


def github_token(environ: Mapping[str, str], sleep: Callable[[float], None] = time.sleep) -> str:
    """Ask GitHub for a token that says which workflow this is (docs: "OpenID Connect reference").

    Raises `MachineError` `aws.credentials` where the workflow gets none, `aws.network` when GitHub does not answer.
    """
    import requests

    bearer = environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")

    def signed(request: Any) -> Any:
        # As a header of its own it would lose against a line in ~/.netrc.
        request.headers["Authorization"] = f"bearer {bearer}"
        return request

    why = ""
    for pause in (*PAUSES, None):
        try:
            answer = requests.get(
                environ["ACTIONS_ID_TOKEN_REQUEST_URL"],
                params={"audience": AUDIENCE},
                headers={"Accept": "application/json", "User-Agent": "alekseylearn"},
                auth=signed,
                timeout=TIMEOUT,
                allow_redirects=False,
            )
            if answer.ok:
                return str(answer.json()["value"])
            why = str(answer.status_code)
            if answer.status_code in (400, 401, 403, 404):
                break
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            # Its text may hold the address, which is nobody's business.
            why = type(error).__name__
        if pause is not None:
            sleep(pause)
    if why in ("400", "401", "403", "404"):
        raise MachineError("aws.credentials", f"GitHub gives this workflow no identity token ({why})", hint=_GRANT)
    hint = "run the job again later"
    raise MachineError("aws.network", f"GitHub's identity tokens cannot be had ({why})", where="GitHub", hint=hint)
