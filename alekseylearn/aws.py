"""AWS as its own tools find it: a region, credentials that last as long as we do, and clients with patience."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alekseylearn import __version__
from alekseylearn.aws_credentials import Renewing, find_credentials
from alekseylearn.aws_failures import failed
from alekseylearn.errors import MachineError

__all__ = ["Aws", "connect_aws", "failed"]

TRIES = 10
"""How often a request is made at most before it counts as failed."""
CONNECT, READ = 10, 60
"""Seconds to wait for a connection, and for the next bytes of an answer."""
POOL = 24
"""Connections that one client keeps for its threads."""


class Aws:
    """Clients of one region, made when first asked for and kept; they may be used by several threads."""

    def __init__(self, core: Any, credentials: Renewing, environ: Mapping[str, str], region: str) -> None:
        import boto3

        self.region = region
        self._core = core
        self._session = boto3.Session(botocore_session=core)
        self._credentials = credentials
        self._environ = environ
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        self._account = ""

    def client(self, service: str, region: str | None = None) -> Any:
        """Return boto3's client of *service*; raises `MachineError` `aws.region` for a region that is none."""
        key = (service, region or self.region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._make(*key)
            return self._clients[key]

    def account(self) -> str:
        """Return the number of the account; raises `MachineError` as `failed` does."""
        from botocore.exceptions import BotoCoreError, ClientError

        if not self._account:
            try:
                self._account = str(self.client("sts").get_caller_identity()["Account"])
            except (BotoCoreError, ClientError) as error:
                raise failed(error, doing="asking AWS who we are") from None
        return self._account

    def _make(self, service: str, region: str) -> Any:
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        config = Config(
            retries={"mode": "adaptive", "total_max_attempts": TRIES},
            connect_timeout=CONNECT,
            read_timeout=READ,
            max_pool_connections=POOL,
            tcp_keepalive=True,
            user_agent_extra=f"alekseylearn/{__version__}",
        )
        try:
            client = self._session.client(service, region, endpoint_url=self._endpoint(service), config=config)
        except (BotoCoreError, ValueError) as error:
            raise failed(error, doing=f"reaching {service} in {region}") from None
        self._credentials.watch(client)
        return client

    def _endpoint(self, service: str) -> str | None:
        """Return the address that the environment names; where it names none, botocore looks into the profile."""
        if self._core.get_config_variable("ignore_configured_endpoint_urls"):
            return None
        name = self._core.get_service_model(service).service_id.hyphenize().replace("-", "_").upper()
        return self._environ.get(f"AWS_ENDPOINT_URL_{name}") or self._environ.get("AWS_ENDPOINT_URL") or None


def connect_aws(environ: Mapping[str, str], region: str | None = None) -> Aws:
    """Find a region and credentials in *environ* and the files it leads to, as AWS's own tools do.

    Raises `MachineError`: `aws.region` (none known), `aws.credentials` (none found), `aws.denied`, `aws.network`.
    """
    from botocore.exceptions import BotoCoreError

    core = _session(environ)
    try:
        place = region or environ.get("AWS_REGION") or core.get_config_variable("region")
    except BotoCoreError as error:
        raise failed(error, doing="reading AWS's settings") from None
    if not place:
        hint = "set `region` under `sagemaker:`, or AWS_REGION"
        raise MachineError("aws.region", "no region of AWS is named", hint=hint)
    credentials = find_credentials(core, environ, place)
    core.register_component("credential_provider", _Known(credentials))
    return Aws(core, credentials, environ, place)


class _Known:
    """The one provider of credentials that a session needs."""

    def __init__(self, credentials: Renewing) -> None:
        self._credentials = credentials

    def load_credentials(self) -> Renewing:
        return self._credentials


def _session(environ: Mapping[str, str]) -> Any:
    """Make botocore's session, every setting of which comes from *environ* and the files it leads to."""
    from botocore.configprovider import ConfigChainFactory
    from botocore.session import Session

    session = Session()
    chains = ConfigChainFactory(session, environ)
    store = session.get_component("config_store")
    for name, (keys, variables, default, convert) in Session.SESSION_VARIABLES.items():
        chain = chains.create_config_chain(
            instance_name=name,
            env_var_names=variables,
            config_property_names=keys,
            default=default,
            conversion_func=convert,
        )
        store.set_config_provider(name, chain)
    if environ.get("AWS_PROFILE"):
        session.set_config_variable("profile", environ["AWS_PROFILE"])
    home = Path(environ.get("HOME") or "~").expanduser() / ".aws"
    for name, variable, file in (
        ("config_file", "AWS_CONFIG_FILE", "config"),
        ("credentials_file", "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    ):
        session.set_config_variable(name, environ.get(variable) or str(home / file))
    return session
