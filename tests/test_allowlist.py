from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.allowlist import for_container, for_installer, for_job, for_service

FORBIDDEN = (
    "GITHUB_TOKEN",
    "GITHUB_SHA",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "AWS_PROFILE",
    "AWS_ENDPOINT_URL",
    "INPUT_ROLE",
    "HF_TOKEN",
    "api_key",
    "CLIENT_SECRET",
    "PGPASSWORD",
    "MYSQL_PASSWD",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "LD_PRELOAD",
    "DYLD_INSERT_LIBRARIES",
    "SM_MODEL_DIR",
    "GH_PAT",
    "PAT",
    "SSH_PASSPHRASE",
    "SENTRY_DSN",
    "NPM_AUTH",
    "SLACK_WEBHOOK_URL",
    "SESSION_COOKIE",
    "DB_PWD",
    "BASH_ENV",
    "GIT_SSH_COMMAND",
)


@pytest.mark.parametrize("name", FORBIDDEN)
def test_some_names_get_through_under_no_disguise(name: str) -> None:
    assert for_job({name: "x", f"ALEKSEYLEARN_PASS_{name}": "x", "ALEKSEYLEARN_PASS_": "x"}) == {}
    assert for_installer({name: "x"}) == {}
    assert for_container({name: "x", f"ALEKSEYLEARN_PASS_{name}": "x", "ALEKSEYLEARN_PASS_": "x"}) == {}


def test_a_job_sees_what_programs_need() -> None:
    environ = {"PATH": "/bin", "HOME": "/root", "LC_ALL": "C", "https_proxy": "http://p", "CUDA_VISIBLE_DEVICES": "0"}
    assert for_job(environ) == environ


def test_a_person_may_pass_a_variable_on() -> None:
    assert for_job({"ALEKSEYLEARN_PASS_CITY": "Kazan", "CITY": "other", "TOWN": "no"}) == {"CITY": "Kazan"}


def test_an_installer_sees_its_own_settings_too() -> None:
    environ = {"PATH": "/bin", "UV_INDEX_URL": "u", "PIP_INDEX_URL": "p", "UV_PUBLISH_TOKEN": "t", "OTHER": "x"}
    assert for_installer(environ) == {"PATH": "/bin", "UV_INDEX_URL": "u", "PIP_INDEX_URL": "p"}


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        ("http://me:hidden@proxy:8080/", "http://proxy:8080/"),
        ("http://me:hid@den@proxy:8080", "http://proxy:8080"),
        ("me:hidden@proxy:8080", "proxy:8080"),
        ("http://hidden@[::1]:8080", "http://[::1]:8080"),
        ("http://me:hid/den@proxy", "http://proxy"),
        ("socks5://proxy:1080", "socks5://proxy:1080"),
        ("localhost,.example.org", "localhost,.example.org"),
    ],
)
def test_a_job_goes_through_a_proxy_without_its_password(told: str, seen: str) -> None:
    environ = {"https_proxy": told, "ALEKSEYLEARN_PASS_HTTP_PROXY": told}
    assert for_job(environ) == {"https_proxy": seen, "HTTP_PROXY": told}
    assert for_installer(environ)["https_proxy"] == told


def test_a_container_sees_nothing_that_is_about_this_machine_alone() -> None:
    here = (
        "PATH",
        "HOME",
        "USER",
        "SHELL",
        "TMPDIR",
        "SSL_CERT_FILE",
        "CUDA_VISIBLE_DEVICES",
        "NVIDIA_VISIBLE_DEVICES",
    )
    anywhere = {"LANG": "C", "LC_ALL": "C", "TZ": "UTC", "https_proxy": "http://p", "OMP_NUM_THREADS": "2"}
    assert for_container({**dict.fromkeys(here, "x"), **anywhere}) == anywhere


def test_a_person_may_pass_a_variable_of_this_machine_to_a_container() -> None:
    environ = {
        "ALEKSEYLEARN_PASS_HOME": "/root",
        "HOME": "/home/me",
        "ALEKSEYLEARN_PASS_CITY": "Kazan",
        "CITY": "other",
    }
    assert for_container(environ) == {"HOME": "/root", "CITY": "Kazan"}


def test_a_job_in_a_data_centre_sees_the_language_and_what_was_passed_on_purpose() -> None:
    environ = {"LANG": "C", "LC_ALL": "C", "TZ": "UTC", "HTTPS_PROXY": "http://here:1", "OMP_NUM_THREADS": "2"}
    passed = {"ALEKSEYLEARN_PASS_CITY": "Kazan", "ALEKSEYLEARN_PASS_HTTPS_PROXY": "http://there:2"}
    expected = {"LANG": "C", "LC_ALL": "C", "TZ": "UTC", "CITY": "Kazan", "HTTPS_PROXY": "http://there:2"}
    assert for_service({**environ, **passed}) == expected


@given(st.dictionaries(st.sampled_from(["PATH", "LANG", "LC_X", "X", "ALEKSEYLEARN_PASS_X", *FORBIDDEN]), st.text()))
def test_a_container_sees_no_more_than_a_job_of_this_machine(environ: dict[str, str]) -> None:
    assert for_container(environ).items() <= for_job(environ).items()


@given(st.dictionaries(st.text(), st.text()))
def test_what_nobody_listed_is_never_seen(environ: dict[str, str]) -> None:
    assert set(for_job(environ).values()) <= set(environ.values())
    assert not any(name in environ for name in for_job(environ) if name.startswith(("GITHUB", "AWS")))
