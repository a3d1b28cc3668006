"""What engines say when they refuse, word for word as they said it, and how jobs end."""

from __future__ import annotations

import pytest

from alekseylearn.engine_failures import Ending, death, pull_failure, start_failure

# From docker 20.10 to 29, podman 4 and 5, runc, crun and NVIDIA's toolkit.
STARTS = [
    ('could not select device driver "" with capabilities: [[gpu]]', "gpu.toolkit", "other-way"),
    (
        'failed to create task for container: ... CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=all',
        "gpu.cdi",
        "other-way",
    ),
    ("setting up CDI devices: unresolvable CDI devices nvidia.com/gpu=7", "gpu.cdi", "other-way"),
    ("stat nvidia.com/gpu=all: no such file or directory", "gpu.cdi", "other-way"),
    ("unknown or invalid runtime name: nvidia", "gpu.runtime", "other-way"),
    ("Unknown runtime specified nvidia", "gpu.runtime", "other-way"),
    (
        "nvidia-container-cli: initialization error: nvml error: driver not loaded: unknown",
        "gpu.driver",
        "other-way",
    ),
    (
        "nvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1: cannot open shared object",
        "gpu.driver",
        "other-way",
    ),
    (
        "nvidia-container-cli: requirement error: unsatisfied condition: cuda>=13.0, please update your driver",
        "gpu.cuda",
        "",
    ),
    ("runc create failed: error setting rlimit type 8: operation not permitted", "docker.limits", "without-limits"),
    ("crun: setrlimit `RLIMIT_MEMLOCK`: Operation not permitted: OCI permission denied", "docker.limits", "without-limits"),
    ('exec: "timeout": executable file not found in $PATH: unknown', "docker.image", ""),
    ("crun: executable file `timeout` not found in $PATH: No such file or directory", "docker.image", ""),
    ("exec /usr/bin/timeout: exec format error", "docker.image", ""),
    ('invalid mount config for type "bind": bind source path does not exist: /srv/x', "docker.data", ""),
    ("statfs /srv/x: no such file or directory", "docker.data", ""),
    ("network team-net not found", "docker.network", ""),
    ("unable to find network with name or ID team-net: network not found", "docker.network", ""),
    ("write /var/lib/docker/overlay2/x/work: no space left on device", "docker.disk", ""),
    ("Minimum memory limit allowed is 6MB", "docker.memory", ""),
    ("range of CPUs is from 0.01 to 8.00, as there are only 8 CPUs available", "docker.cpus", ""),
    ("an oracle said no", "docker.start", ""),
]  # fmt: skip


@pytest.mark.parametrize(("words", "slug", "retry"), STARTS)
def test_what_an_engine_says_at_the_start_is_recognised(words: str, slug: str, retry: str) -> None:
    found = start_failure(words)
    assert (found.slug, found.retry) == (slug, retry)
    assert found.what
    assert found.hint


@pytest.mark.parametrize("words", [words for words, slug, _ in STARTS if slug.startswith("gpu.")])
def test_a_word_is_recognised_in_any_case(words: str) -> None:
    assert start_failure(words.upper()) == start_failure(words.lower()) == start_failure(words)


def test_what_is_not_recognised_is_told_in_the_engines_own_words() -> None:
    assert "an oracle said no" in start_failure("an oracle said no").what
    assert pull_failure("an oracle said no")[0] == "an oracle said no"


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("no basic auth credentials", "login"),
        ("pull access denied for x, repository does not exist or may require 'docker login': denied", "login"),
        ("unauthorized: authentication required", "login"),
        ("unexpected status from HEAD request to https://r/v2/x: 403 Forbidden", "login"),
        ("manifest for python:9 not found: manifest unknown: manifest unknown", "no such image"),
        ("docker.io/library/python:9: not found", "no such image"),
        ("reading manifest 9 in docker.io/library/python: manifest unknown", "no such image"),
        ("no matching manifest for linux/arm64/v8 in the manifest list entries", "processor"),
        ("no matching manifest for linux/arm64 in the manifest list entries: no match for platform in manifest: not found", "processor"),
        ("Get https://nosuch.example/v2/: dial tcp: lookup nosuch.example: no such host", "cannot be reached"),
        ("net/http: request canceled while waiting for connection (Client.Timeout exceeded)", "cannot be reached"),
        ("dial tcp 127.0.0.1:5000: connect: connection refused", "cannot be reached"),
        ("tls: failed to verify certificate: x509: certificate signed by unknown authority", "cannot be reached"),
        ("failed to register layer: write /usr/lib/tls/libx.so: no space left on device", "disk"),
        ("failed to register layer: write /opt/forbidden/x: no space left on device", "disk"),
    ],
)  # fmt: skip
def test_why_an_image_is_not_pulled_is_recognised(words: str, what: str) -> None:
    told, hint = pull_failure(words)
    assert what in told
    assert hint


@pytest.mark.parametrize(
    ("code", "exception", "part"),
    [
        (0, "NoResult", "left no result"),
        (124, "TimeLimit", "time limit"),
        (126, "BadImage", "`python3.13`"),
        (127, "BadImage", "`python3.13`"),
        (137, "Killed", "killed from outside"),
        (1, "Lost", "status 1"),
        (139, "Lost", "status 139"),
    ],
)
def test_a_job_without_a_word_is_told_by_how_its_container_ended(code: int, exception: str, part: str) -> None:
    told = death(Ending(code=code, out_of_memory=False), python="python3.13")
    assert told.exception == exception
    assert part in told.message
    assert told.hint


def test_the_engines_own_word_is_told_of_an_end_that_nobody_knows() -> None:
    assert death(Ending(code=255, out_of_memory=False, error="shim died"), python="python3").message.endswith(
        ": shim died"
    )


def test_a_lack_of_memory_counts_before_the_status() -> None:
    for code in (0, 1, 137):
        told = death(Ending(code=code, out_of_memory=True, memory=2 * 10**9), python="python3")
        assert told.exception == "OutOfMemory"
        assert "2.0 GB" in told.message
    told = death(Ending(code=137, out_of_memory=True), python="python3")
    assert told.message == "the memory limit was reached and the job killed"
