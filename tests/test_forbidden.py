"""What a pull request can never put into the configuration, wherever it tries."""

from __future__ import annotations

import secrets
import string

import pytest

from alekseylearn.config import Config, parse_config
from alekseylearn.errors import InputError

PLACES = ("{}", "defaults: {{{}}}", "models: {{a: {{notebook: a.ipynb, {}}}}}", "sagemaker: {{{}}}", "docker: {{{}}}",
          "models: {{a: {{notebook: a.ipynb, docker: {{{}}}}}}}", "zzz: {{{}}}", "zzz: [{{yyy: [{{{}}}]}}]", "notify: {{{}}}")  # fmt: skip


def refused(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        parse_config(text.encode())
    assert len(str(caught.value).splitlines()) <= 5
    return caught.value


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "key",
    [
        # Addresses.
        "endpoint", "endpoint_url", "endpointUrl", "s3-endpoint", "sts_endpoint_url", "webhook", "webhooks", "slack_webhook",
        "url", "base_url", "index_urls", "uri", "host", "docker_host", "hosts", "hostname", "http_proxy", "proxies", "registry",
        "server", "socket", "callback_url", "smtp", "address", "port", "dns", "metadata_host",
        # Credentials.
        "token", "github_token", "session_token", "password", "passphrase", "secret", "secrets", "credentials", "credential_process",
        "access_key", "AccessKeyId", "api-key", "private_key", "ssh_key", "auth", "profile", "aws_profile", "source_profile",
        "config_file", "shared_credentials_file", "aws", "boto3", "username", "login", "sso_session", "web_identity_token_file",
        "ca_bundle", "cookie", "netrc",
        # Hooks.
        "hook", "hooks", "pre_train", "post_run", "before_fit", "after_script", "on_failure", "command", "cmd", "shell", "script",
        "setup_script", "exec", "entrypoint", "startup", "plugins", "preload", "env", "env_file", "environment", "LD_PRELOAD",
        "include", "extends", "run",
        # Flags of an engine.
        "privileged", "volumes", "mounts", "binds", "args", "docker_args", "run-options", "extra_flags", "devices", "pid",
        "pid_mode", "ipc", "userns_mode", "cap_add", "capAdd", "security_opt", "sysctls", "ulimits", "tmpfs", "cgroup_parent",
        "network_mode", "seccomp", "runtime", "volumes_from", "group_add", "capabilities",
    ],
)  # fmt: skip
def test_such_a_key_is_refused_wherever_it_stands(place: str, key: str) -> None:
    error = refused(place.format(f"{key}: x"))
    assert error.slug == "cfg.forbidden"
    assert f"{key}` is never read from this file" in error.what
    assert error.what.count(key) == 1


@pytest.mark.parametrize(
    "key", ["user", "uid", "group", "name", "restart", "workdir", "labels", "platform", "init", "expose"]
)
def test_flags_of_docker_are_refused_in_its_table(key: str) -> None:
    assert refused(f"docker: {{{key}: root}}").slug == "cfg.forbidden"
    assert refused(f"{key}: root").slug == "cfg.unknown"


@pytest.mark.parametrize("place", ["{}", "defaults: {{{}}}", "models: {{a: {{notebook: a.ipynb, {}}}}}"])
def test_the_machines_network_is_refused(place: str) -> None:
    error = refused(place.format("docker: {network: host}"))
    assert (error.slug, "the machine's own network" in error.what) == ("cfg.forbidden", True)


@pytest.mark.parametrize(
    "text",
    [
        "hyperparameters: {tokenizer: bert-base-uncased-v2-finetuned, max_tokens: 512, host: 1, run: 3, args: x, env: CartPole-v1}",
        "models: {a: {notebook: a.ipynb, parameters: {url: x, script: y, pad_token: '<pad>', eos_token: '</s>', n_passes: 3}}}",
        "models: {a: {notebook: a.ipynb, metrics: {token_accuracy: max}, gates: {auth_rate: '> 1'}, smoke: {proxy: 1}}}",
        "models: {token: {notebook: a.ipynb}, host: {notebook: b.ipynb}}",
        "sagemaker: {tags: {environment: prod, profile: ml}}",
        "models: {a: {notebook: a.ipynb, data: {env: s3://acme/env, secret: /data/x}}}",
        "sagemaker: {kms_key: alias/churn, role: 'arn:aws:iam::111122223333:role/x', network_isolation: true}",
        "notebooks: [run/*.ipynb, '!hooks/*.ipynb']",
        "hyperparameters: {secret: 1, password_length: 12, token: '[MASK]', api_key: x}",
    ],
)
def test_names_of_the_writers_choice_are_free(text: str) -> None:
    assert parse_config(text.encode()) != Config()


def made(prefix: str, length: int, signs: str = string.ascii_letters + string.digits) -> str:
    return prefix + "a1B" + "".join(secrets.choice(signs) for _ in range(length - 3))


SECRETS = {
    "a token of GitHub": made("ghp_", 36),
    "a job's token": made("ghs_", 36),
    "a fine-grained one": made("github_pat_", 60),
    "a token of Hugging Face": made("hf_", 34),
    "a key of AWS": "AKIA" + "".join(secrets.choice(string.ascii_uppercase) for _ in range(16)),
    "a token of Slack": made("xoxb-", 40),
    "a key of OpenAI": made("sk-", 40),
    "a token of GitLab": made("glpat-", 20),
    "a password in an address": "postgresql://me:" + made("", 12) + "@db/x",
    "a private key": "-----BEGIN RSA PRIVATE KEY-----\\n" + made("", 60) + "\\n-----END RSA PRIVATE KEY-----",
}


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize(
    "place",
    [
        "hyperparameters: {{x: {0}}}", "hyperparameters: {{x: [1, {0}]}}", "models: {{a: {{notebook: a.ipynb, parameters: {{x: {0}}}}}}}",
        "models: {{a: {{notebook: a.ipynb, smoke: {{x: {0}}}}}}}", "seed: {0}", "docker: {{image: {0}}}", "notebooks: [{0}]",
        "sagemaker: {{tags: {{x: {0}}}}}", "models: {{a: {{notebook: {0}}}}}", "zzz: {0}", "timeout: {0}", "role_account: {0}",
    ],
)  # fmt: skip
def test_a_secret_is_refused_and_never_shown(kind: str, place: str) -> None:
    error = refused(place.format(f'"{SECRETS[kind]}"'))
    assert "holds a secret" in str(error)
    assert "make a new one" in error.hint or error.slug == "path.unsafe"
    body = SECRETS[kind].replace("\\n", "\n").partition("//me:")[2] or SECRETS[kind][-30:]
    assert body not in str(error)
    assert SECRETS[kind][:14] not in str(error)


@pytest.mark.parametrize("place", ["{0}: 1", "hyperparameters: {{{0}: [1]}}", "models: {{{0}: {{notebook: a.ipynb}}}}",
                                   "models: {{a: {{notebook: a.ipynb, smoke: {{{0}: true}}}}}}", "zzz: {{'a {0}': null}}"])  # fmt: skip
def test_a_secret_is_no_key(place: str) -> None:
    secret = "gh" + "p_" + made("", 36)
    error = refused(place.format(secret))
    assert (error.slug, "is a secret" in error.what, "make a new one" in error.hint) == ("cfg.forbidden", True, True)
    assert secret[:14] not in str(error)


@pytest.mark.parametrize(
    "key", ["HF_TOKEN", "password", "db_password", "SECRET_KEY", "aws_secret_access_key", "wandb_api_key", "apiKey"]
)
def test_a_name_says_that_its_value_is_a_secret(key: str) -> None:
    value = made("", 24)
    error = refused(f"hyperparameters: {{{key}: {value}}}")
    assert error.slug == "cfg.forbidden"
    assert value not in str(error)


def test_a_secret_is_no_key_either() -> None:
    token = SECRETS["a token of GitHub"]
    error = refused(f"{token}: some value")
    assert token not in str(error)
    assert token not in str(refused(f"hyperparameters: {{{token}: some value}}"))


@pytest.mark.parametrize("sign", ["\\0", "\\x07", "\\e", "\\x7f", "\\x9b", "\\uD800"])
@pytest.mark.parametrize(
    "place",
    ['name: "a{}b"', 'hyperparameters: {{x: "a{}b"}}', 'docker: {{image: "a{}b"}}', '"a{}b": 1', 'notebooks: ["a{}b"]'],
)
def test_what_no_value_of_ours_has_is_told(place: str, sign: str) -> None:
    error = refused(place.format(sign))
    assert error.slug == "cfg.type"
    assert str(error).replace("\n", "").isprintable()


def test_lines_and_tabs_are_text() -> None:
    assert parse_config(b'hyperparameters: {x: "a\\n\\tb"}').hyperparameters == {"x": "a\n\tb"}
