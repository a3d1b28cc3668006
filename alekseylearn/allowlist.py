"""Which variables of our environment a job and an installer may see."""

from __future__ import annotations

import re
from collections.abc import Mapping

PASS = "ALEKSEYLEARN_PASS_"  # noqa: S105 - a prefix of names
"""`ALEKSEYLEARN_PASS_X=1` gives a job the variable `X`."""

_KEPT = """
    PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR TEMP TMP XDG_CACHE_HOME
    SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE
    HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy
    CUDA_VISIBLE_DEVICES CUDA_HOME CUDA_PATH
    OMP_NUM_THREADS MKL_NUM_THREADS OPENBLAS_NUM_THREADS NUMEXPR_NUM_THREADS
    RUNNER_TRACKING_ID
""".split()  # noqa: SIM905 - a list of words reads better
# With RUNNER_TRACKING_ID a self-hosted runner finds and ends what a cancelled workflow left running.
_KEPT_PREFIXES = ("LC_", "NVIDIA_")
_ANYWHERE = """
    LANG LANGUAGE TZ HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy
    OMP_NUM_THREADS MKL_NUM_THREADS OPENBLAS_NUM_THREADS NUMEXPR_NUM_THREADS
""".split()  # noqa: SIM905 - a list of words reads better
_LANGUAGE = ("LANG", "LANGUAGE", "TZ")
_INSTALLER_PREFIXES = ("UV_", "PIP_")
_FORBIDDEN = re.compile(
    r"GITHUB_|ACTIONS_|AWS_|INPUT_|PYTHON|LD_|DYLD_|SM_|BASH_|GIT_|(.*_)?(PAT|PWD|DSN|AUTH)$|"
    r".*(TOKEN|SECRET|KEY|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|CREDS|COOKIE|WEBHOOK|PRIVATE)",
    re.IGNORECASE,
)
_PROXIES = frozenset(name for name in _ANYWHERE if name.lower().endswith("_proxy"))
_LOGIN = re.compile(r".*@")
"""Who logs in at an address, and with which password, once its scheme is taken off."""


def for_job(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what a job sees of *environ*: an allow-list, and what was passed on purpose under another name.

    Names that speak of credentials, of the workflow, or that change how Python starts never get through, nor does the
    password of a proxy that was not passed on purpose.
    """
    kept = {name: value for name, value in environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}
    kept |= {name: _without_login(value) for name, value in kept.items() if name in _PROXIES}
    passed = {name.removeprefix(PASS): value for name, value in environ.items() if name.startswith(PASS)}
    return {name: value for name, value in (kept | passed).items() if name and not _FORBIDDEN.match(name)}


def for_container(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what a job in a container sees of *environ*: nothing that is about this machine alone."""
    return {
        name: value
        for name, value in for_job(environ).items()
        if PASS + name in environ or name in _ANYWHERE or name.startswith("LC_")
    }


def for_service(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what a job in somebody's data centre sees of *environ*: the language, and what was passed on purpose."""
    return {
        name: value
        for name, value in for_job(environ).items()
        if PASS + name in environ or name in _LANGUAGE or name.startswith("LC_")
    }


def for_installer(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what uv or pip sees of *environ*: what a job sees, their own settings, proxies with their passwords."""
    own = {name: value for name, value in environ.items() if name.startswith(_INSTALLER_PREFIXES) or name in _PROXIES}
    return for_job(environ) | {name: value for name, value in own.items() if not _FORBIDDEN.match(name)}


def _without_login(address: str) -> str:
    scheme, mark, rest = address.rpartition("://")
    return f"{scheme}{mark}{_LOGIN.sub('', rest)}"
