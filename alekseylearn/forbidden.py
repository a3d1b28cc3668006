"""What never comes out of a file that a pull request may change: addresses, credentials, hooks, flags of an engine.

Such a key is refused wherever it stands, known or not: who reads the file later is not to begin to believe it. The
known cases are `credential_process` in a profile of AWS, which boto3 runs; AWS_ENDPOINT_URL, which sends every call
elsewhere; and containers that get the host's disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from alekseylearn.mistakes import Keys, Mistake, dotted, known_at
from alekseylearn.redaction import Redactor
from alekseylearn.secret_shapes import is_secret_name

Place = tuple[str, ...]

NAMED_BY_USERS = ("metrics", "gates", "printed", "parameters", "smoke", "data", "hyperparameters", "tags")
"""Tables whose keys are names of the writer's choice."""

# Keys as words that are joined by `_`, whatever joined them before.
_ADDRESSES = re.compile(
    r"endpoint|webhook|(?:^|_)ur[il]s?(?:_|$)|(?:^|_)hosts?(?:_|$)|hostname|proxy|proxies|registry|(?:^|_)servers?(?:_|$)"
    r"|socket|(?:^|_)sock$|smtp|(?:^|_)address(?:es)?$|(?:^|_)ports?$|(?:^|_)dns(?:_|$)|slack|discord|telegram|callback"
)
_CREDENTIALS = re.compile(
    r"secret|token|passw|passphrase|credential|(?:access|api|private|signing|ssh|account)_?keys?|(?:^|_)auth"
    r"|(?:^|_)(?:profile|login|username|sso|sts|mfa|cookie|certificate|cert|ca_bundle|netrc)s?(?:_|$)|assume_role"
    r"|(?:^|_)(?:aws|boto3?|botocore|gcp|gcloud|azure|github|gh)(?:_|$)|(?:^|_)(?:config|settings)_?(?:file|path|dir)$"
    r"|(?:^|_)pem$"
)
_HOOKS = re.compile(
    r"hooks?(?:_|$)|^(?:pre|post|before|after|on|at)_|(?:^|_)(?:commands?|cmds?|shell|scripts?|exec|execute|eval|run"
    r"|entrypoint|setup|startup|bootstrap|plugins?|preload|init_script|dotenv|env|envs|env_files?|environment|ld_preload|pythonpath)(?:_|$)"
    r"|(?:^|_)(?:include|includes|extends)$|(?:^|_)process$"
)
_ENGINE = re.compile(
    r"privileged|(?:^|_)(?:volumes?|volumes_from|mounts?|binds?|args|arguments|flags|options|opts|extra|devices?|pid|pid_mode"
    r"|ipc|ipc_mode|uts|uts_mode|userns|userns_mode|cgroup\w*|sysctls?|ulimits?|tmpfs|seccomp|apparmor|selinux"
    r"|read_only|oom_\w+|group_add|security_opts?|capabilit\w+|kernel_\w+)$|^runtime$|(?:^|_)cap_|(?:^|_)network_mode$"
    r"|no_new_privileges|(?:^|_)sudo"
)
_ENGINES_OWN = re.compile(
    r"^(?:user|uid|gid|group|labels?|links?|name|restart|rm|init|expose|publish|workdir|working_dir|platform|container|daemon"
    r"|isolation|log\w*|stop\w*|build|dockerfile|context|host\w*|domainname|mac_\w+|health\w*)$"
)
"""Under `docker` these are flags, too; elsewhere they may be misspelt keys of ours."""
_BETWEEN = re.compile(r"[\s.-]+|(?<=[a-z0-9])(?=[A-Z])")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_RANDOM = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9+/=_.~-]{16,}")
_SURELY = re.compile(
    r"(?i)(?:^|_|-)(?:passw(?:or)?d|passphrase|secret|secret_?key|private_?key|api_?key|access_?key)\Z"
)
_HINT_OF_SECRETS = "keep it in a secret of the repository, and make a new one: this one has been seen"
_HINT = "addresses, credentials, hooks and flags are never read from this file; the workflow gives what is needed"
_PATH = re.compile(r"(?:/|\./|s3://)")
_SHORTEST = 6


def forbidden(table: Mapping[Any, Any], keys: Keys) -> dict[Place, Mistake]:
    """Find in the raw file *table* what is never read from it, by place; *keys* are those that are known."""
    everywhere = frozenset(name for names in keys.values() for name in names)
    found: dict[Place, Mistake] = {}
    for place, key, value in _walk((), table):
        here = (*place, key)
        if Redactor().finds(key):
            found[here] = Mistake("forbidden", f"a key of `{dotted(place)}` is a secret", _HINT_OF_SECRETS)
        elif _holds_secret(key, value):
            found[here] = Mistake("forbidden", f"`{dotted(here)}` holds a secret", _HINT_OF_SECRETS)
        elif _is_forbidden(here, place, keys, everywhere):
            found[here] = Mistake("forbidden", f"`{dotted(here)}` is never read from this file", _HINT)
    return found


def unprintable(table: Mapping[Any, Any]) -> Iterator[Mistake]:
    """Find texts of *table* with control characters, which no name, path or value of ours has."""
    for place, key, value in _walk((), table):
        if _CONTROL.search(key) or (isinstance(value, str) and _CONTROL.search(value)):
            yield Mistake("type", f"`{dotted((*place, key))}` holds a control character")


def _walk(place: Place, value: Any) -> Iterator[tuple[Place, str, Any]]:
    """Name each key with its place and its value; items of a list have numbers for keys."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, held in pairs:
        yield place, str(key), held
        if isinstance(held, dict | list):
            yield from _walk((*place, str(key)), held)


def _is_forbidden(here: Place, place: Place, keys: Keys, everywhere: frozenset[str]) -> bool:
    key = here[-1]
    if key.isdigit() or key in everywhere or here[:-1] == ("models",) or _is_named_by_user(place, keys):
        return False
    word = _BETWEEN.sub("_", key).lower()
    patterns = (_ADDRESSES, _CREDENTIALS, _HOOKS, _ENGINE, *((_ENGINES_OWN,) if "docker" in place else ()))
    return any(pattern.search(word) for pattern in patterns)


def _is_named_by_user(place: Place, keys: Keys) -> bool:
    """Tell whether the keys at *place* are names that the writer chose: in a table that is known to hold such."""
    return any(part in NAMED_BY_USERS and part in known_at(place[:depth], keys) for depth, part in enumerate(place))


def _holds_secret(key: str, value: object) -> bool:
    if not isinstance(value, str) or len(value) < _SHORTEST:
        return False
    if Redactor().finds(value):
        return True
    if _SURELY.search(key) and not _PATH.match(value):
        return True
    return is_secret_name(key) and _RANDOM.fullmatch(value) is not None
