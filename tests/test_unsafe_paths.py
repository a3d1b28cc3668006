"""No path of the configuration leads out of the repository, or to what a machine keeps for itself."""

from __future__ import annotations

import pytest

from alekseylearn.config import Config, parse_config
from alekseylearn.errors import InputError

OUTSIDE = [
    "../x.ipynb", "a/../../x.ipynb", "..", "~/x.ipynb", "~root/x.ipynb", "$HOME/x.ipynb", "${HOME}/x.ipynb", "$(id).ipynb", "`id`.ipynb",
    "%USERPROFILE%/x.ipynb", "C:/x.ipynb", "a\\..\\x.ipynb", "\\\\host\\x.ipynb", "file:///etc/x.ipynb", "https://host/x.ipynb",
    "s3://bucket/x.ipynb", "file:/x.ipynb", "ext::sh x.ipynb", ".git/x.ipynb", "a/.GIT/x.ipynb",
]  # fmt: skip


def refused(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        parse_config(text.encode())
    assert len(str(caught.value).splitlines()) <= 5
    assert caught.value.slug == "path.unsafe", str(caught.value)
    return caught.value


@pytest.mark.parametrize("path", OUTSIDE)
def test_nothing_outside_is_named(path: str) -> None:
    for text in (
        f"notebooks: ['{path}']",
        f"notebooks: ['**/*.ipynb', '!{path}']",
        f"artifacts: ['{path}']",
        f"artifacts: '{path}'",
        f"models: {{a: {{notebook: '{path}'}}}}",
        f"models: {{a: {{notebook: a.ipynb, model: '{path}'}}}}",
        f"zzz: 1\nnotebooks: ['a', '{path}']",
    ):
        refused(text)


@pytest.mark.parametrize("pattern", ["/etc/*", "/home/**/*.ipynb", "//host/x", "!/etc/*"])
def test_a_pattern_does_not_look_like_a_path_of_the_machine(pattern: str) -> None:
    assert "leave it out" in refused(f"notebooks: ['{pattern}']").what


@pytest.mark.parametrize(
    "pattern",
    [
        "/*.ipynb",
        "/scratch/",
        "!/old.ipynb",
        "a/b/*.ipynb",
        "..a/*",
        "a..b",
        "**/x.ipynb",
        "a b/ü*",
        "[a-z]*.ipynb",
    ],
)
def test_patterns_of_gitignore_are_taken(pattern: str) -> None:
    assert parse_config(f"notebooks: ['{pattern}']".encode()).notebooks == [pattern]


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/self/environ", "/x", "~/.aws/credentials"])
def test_what_is_kept_lies_below(path: str) -> None:
    refused(f"artifacts: ['{path}']")
    refused(f"models: {{a: {{notebook: '{path}'}}}}")


@pytest.mark.parametrize(
    "path",
    ["/", "/etc", "/etc/ssl", "/proc/self", "/sys", "/dev/shm", "/run/docker.sock", "/var/run/docker.sock", "/root/.aws", "/home/me/.ssh/id",
     ".aws", "//etc/x", "/./proc/self", "/.//etc", "//", "/.", "a//.ssh", "~/data", "../data", "$HOME/data", "https://host/x", "file:///etc", "gs://bucket/x", "/data/../etc"],
)  # fmt: skip
def test_no_data_set_lies_where_a_machine_keeps_its_own(path: str) -> None:
    assert "`models.a.data.x`" in refused(f"models: {{a: {{notebook: a.ipynb, data: {{x: '{path}'}}}}}}").what


@pytest.mark.parametrize(
    "path",
    [
        "/data/churn",
        "/mnt/nfs/x",
        "/home/me/data",
        "/opt/ml/x",
        "data/raw",
        "s3://acme-data/../x",
        "/var/lib-data",
        "/etcetera",
    ],
)
def test_data_sets_lie_where_people_keep_them(path: str) -> None:
    assert parse_config(f"models: {{a: {{notebook: a.ipynb, data: {{x: '{path}'}}}}}}".encode()) != Config()


@pytest.mark.parametrize("model", ["classifier", "out/model.joblib", "/opt/ml/model/model.pkl", "model.pt"])
def test_a_model_is_a_variable_or_a_file(model: str) -> None:
    assert parse_config(f"models: {{a: {{notebook: a.ipynb, model: {model}}}}}".encode()).models["a"].model == model


@pytest.mark.parametrize(
    "text",
    [
        "notebooks: 5",
        "artifacts: {a: 1}",
        "models: [1]",
        "models: {a: 1}",
        "models: {a: {notebook: 1, data: 1}}",
        "models: {a: {notebook: a.ipynb, data: {x: 1}}}",
    ],
)
def test_what_is_no_path_is_told_by_others(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_config(text.encode())
    assert caught.value.slug in ("cfg.type", "cfg.unknown")
