"""The configuration file: what is read, every mistake that is told, and what never gets in."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.config import (
    LIMITS,
    Config,
    Defaults,
    Model,
    config_schema,
    parse_config,
    parse_parameter,
)
from alekseylearn.errors import InputError
from alekseylearn.metrics import Gate
from alekseylearn.strict import load_yaml
from alekseylearn.tables import AUTO, DockerTable
from alekseylearn.tables.values import parse_duration

WHOLE = """
version: 1
notebooks: ["**/*.ipynb", "!archive/"]
defaults: {backend: process, timeout: 2h, max_cost: 5}
models:
  churn:
    notebook: notebooks/churn.ipynb
    model: model.joblib              # a file or a variable; found when left out
    metrics: {accuracy: max, loss: min}
    primary: accuracy
    gates: {accuracy: ">= 0.92"}
    tolerance: 0.002
    repeats: 3
    printed: {"val/loss": "val loss: ([0-9.]+)"}
    parameters: {epochs: 20, layers: [64, 32], name: on, timeout: soon}
    smoke: {epochs: 1}
    data: {train: "s3://bucket/churn/train"}
    backend: sagemaker
    timeout: 1h30m
    sagemaker:
      {role: arn:aws:iam::123456789012:role/alekseylearn, bucket: my-bucket, instances: [ml.g5.xlarge, ml.g6.xlarge],
       image: pytorch, spot: true}
  timeout:
    notebook: other.ipynb
notify: {on: [done, failed]}
"""


def values(text: str) -> Any:
    return load_yaml(text.encode(), "a test", LIMITS)


def refused(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        parse_config(text.encode())
    assert len(str(caught.value).splitlines()) <= 5
    assert caught.value.where.startswith("alekseylearn.yml")
    assert caught.value.hint
    return caught.value


def test_the_whole_file_is_read() -> None:
    config = parse_config(WHOLE.encode())
    assert config.defaults == Defaults(backend="process", timeout=7200, max_cost=5.0)
    name, churn = config.model_for("notebooks/churn.ipynb")
    assert name == "churn"
    assert churn.metrics == {"accuracy": "max", "loss": "min"}
    assert churn.parameters == {"epochs": 20, "layers": [64, 32], "name": "on", "timeout": "soon"}
    assert churn.backend == "sagemaker"
    assert churn.timeout == 5400
    assert churn.printed == {"val/loss": "val loss: ([0-9.]+)"}
    assert (config.repeats(churn), config.repeats(config.models["timeout"])) == (3, 1)
    assert churn.sagemaker["instances"] == ["ml.g5.xlarge", "ml.g6.xlarge"]
    assert config.models["timeout"] == Model(notebook="other.ipynb")
    assert config.notify.on == ["done", "failed"]
    judgement = config.judgement(churn)
    assert judgement.gates == (Gate(metric="accuracy", operator=">=", bound=0.92),)
    assert (judgement.primary, judgement.tolerance) == ("accuracy", 0.002)


def test_a_model_is_repeated_as_often_as_it_says_itself() -> None:
    config = parse_config(b"defaults: {repeats: 5}\nmodels: {a: {notebook: a.ipynb, repeats: 1}}")
    assert (config.repeats(config.models["a"]), config.repeats(Model(notebook="b.ipynb"))) == (1, 5)


def test_a_model_has_its_own_container_and_the_defaults_where_it_says_nothing() -> None:
    config = parse_config(
        b"""
defaults: {docker: {image: python:3.12, memory: 8g, gpus: none}}
models:
  a: {notebook: a.ipynb, docker: {memory: 16g, gpus: auto}}
  b: {notebook: b.ipynb, docker: {}}
"""
    )
    common = DockerTable(image="python:3.12", memory=8 * 2**30, gpus=None)
    assert config.docker(config.models["a"]) == replace(common, memory=16 * 2**30, gpus=AUTO)
    assert config.docker(config.models["b"]) == common
    assert config.docker(Model(notebook="other.ipynb")) == common
    assert Config().docker(Model(notebook="other.ipynb")) == DockerTable()


@pytest.mark.parametrize("text", ["", " \n", "# nothing but words\n", "---\n", "null\n", "{}\n"])
def test_an_empty_file_has_the_defaults(text: str) -> None:
    config = parse_config(text.encode())
    assert config == Config()
    assert parse_config(WHOLE.encode()).model_for("other.ipynb")[0] == "timeout"
    assert config.model_for("a/b.ipynb") == ("b", Model(notebook="a/b.ipynb"))
    assert config.judgement(Model(notebook="x.ipynb")).tolerance == 0.0


@pytest.mark.parametrize(
    ("text", "slug", "what"),
    [
        ("models: {", "cfg.syntax", "expected"),
        ("a: 1\na: 2", "cfg.syntax", "duplicate key 'a'"),
        ("a: !!python/name:os.system x", "cfg.syntax", "tags"),
        ("gates: >= 0.92", "cfg.syntax", "expected"),
        ("\xff: \x00", "cfg.syntax", "not"),
        ("a: &x 1\nb: *x", "cfg.limit", "anchors"),
        ("[" * 40 + "]" * 40, "cfg.limit", "more than 30 levels deep"),
        ("#" * 300_000, "cfg.limit", "300 kB large"),
        (
            "defaults: {timeout: 29h, seed: -1, tolerance: -0.5, max_cost: -1}\nmodels: {}",
            "cfg.type",
            "`defaults.seed` is -1",
        ),
        ("defaults: {timeout: 700h}", "cfg.budget", "`defaults.timeout` is '700h', longer than 28 days"),
        ("models: {a: {notebook: a.ipynb, seed: 4294967296}}", "cfg.type", "`models.a.seed` is 4294967296"),
        ("models: {a: {notebook: a.ipynb, parameters: {x: 1e999}}}", "cfg.limit", "`models.a.parameters.x` is larger"),
        ("models: {a: {notebook: a.ipynb, smoke: {x: [1, -1e999]}}}", "cfg.limit", "`models.a.smoke.x.1` is larger"),
        ("defaults: {repeats: 0}", "cfg.type", "`defaults.repeats` is 0, not in 1 to 20"),
        ("models: {a: {notebook: a.ipynb, repeats: 21}}", "cfg.budget", "`models.a.repeats` is 21, not in 1 to 20"),
        ("models: {a: {notebook: a.ipynb, repeats: 1.5}}", "cfg.type", "`models.a.repeats` is 1.5, not a whole number"),
        (
            "models: {a: {notebook: a.ipynb, printed: {x: '" + "(x)" * 167 + "'}}}",
            "cfg.limit",
            "`models.a.printed.x` is longer than 500 characters",
        ),
        (
            "models: {a: {notebook: a.ipynb, printed: {x: '(x'}}}",
            "cfg.type",
            "is '(x', no pattern of Python's `re`: missing )",
        ),
        ("models: {a: {notebook: a.ipynb, printed: {x: 'x'}}}", "cfg.type", "is 'x', not a pattern with one group"),
        ("models: {a: {notebook: a.ipynb, printed: {x: '(x)(y)'}}}", "cfg.type", "not a pattern with one group"),
        ('models: {a: {notebook: a.ipynb, printed: {"": "(x)"}}}', "cfg.type", "is no name of a metric"),
        (r'models: {a: {notebook: a.ipynb, printed: {"a\nb": "(x)"}}}', "cfg.type", "is no name of a metric"),
        ("models: {a: {notebook: a.ipynb, printed: {x: 5}}}", "cfg.type", "`models.a.printed.x` is 5, not text"),
        ("just words", "cfg.type", "the root is not a mapping"),
        (r'notebooks: ["\ud800"]', "cfg.type", "the file holds text that cannot be written down"),
        ("version: 2", "cfg.type", "`version` is 2, not 1"),
        ("notebooks: x.ipynb", "cfg.type", "`notebooks` is 'x.ipynb', not a list"),
        ("notebooks: ['!']", "cfg.type", "`notebooks` holds an empty pattern"),
        ("defaults: fast", "cfg.type", "`defaults` is 'fast', not a mapping of settings"),
        ("defaults: {python: 3.1}", "cfg.type", "`defaults.python` is 3.1, not text: put it in quotes"),
        ("defaults: {backend: porcess}", "cfg.type", "is 'porcess', not 'process', 'docker' or 'sagemaker'"),
        ("defaults: {timeout: soon}", "cfg.type", "`defaults.timeout` is 'soon', not a time such as 90s, 30m or 2h"),
        ("defaults: {timeout: 0}", "cfg.type", "`defaults.timeout` is 0, not a time"),
        ("defaults: {seed: true}", "cfg.type", "`defaults.seed` is True, not a whole number"),
        ("defaults: {tolerance: small}", "cfg.type", "`defaults.tolerance` is 'small', not a number"),
        ("models: [a]", "cfg.type", "`models` is ['a'], not a mapping of settings"),
        ("models: {a: {}}", "cfg.type", "`models.a.notebook` is missing"),
        ("models: {a: {notebook: a.py}}", "cfg.type", "`models.a.notebook` is 'a.py', not a notebook's path"),
        ("models: {a: {notebook: /a.ipynb}}", "path.unsafe", "no path from the repository's root"),
        ("models: {a: {notebook: ../a.ipynb}}", "path.unsafe", "leads out of the repository"),
        ("models: {a: {notebook: ./a.ipynb}}", "cfg.type", "not a notebook's path"),
        (r"models: {a: {notebook: b\a.ipynb}}", "path.unsafe", "plain slashes"),
        ("models: {a: {notebook: b//a.ipynb}}", "cfg.type", "not a notebook's path"),
        ("models: {a b: {notebook: a.ipynb}}", "cfg.type", "`a b` is no model name"),
        (
            "models: {a: {notebook: x.ipynb}, b: {notebook: x.ipynb}}",
            "cfg.type",
            "`models.b` and `models.a` name the same",
        ),
        ("models: {a: {notebook: a.ipynb, metrics: {loss: down}}}", "cfg.type", "is 'down', not 'max' or 'min'"),
        (
            "models: {a: {notebook: a.ipynb, gates: {loss: low}}}",
            "cfg.type",
            "`models.a.gates.loss`: 'low' is not a gate",
        ),
        ("models: {a: {notebook: a.ipynb, gates: {loss: 3}}}", "cfg.type", "`models.a.gates.loss` is 3, not text"),
        (
            "models: {a: {notebook: a.ipynb, parameters: {x-y: 3}}}",
            "cfg.type",
            "`models.a.parameters.x-y` is no variable",
        ),
        ("models: {a: {notebook: a.ipynb, smoke: {class: 3}}}", "cfg.type", "`models.a.smoke.class` is no variable"),
        (
            "models: {a: {notebook: a.ipynb, parameters: {x: {y: 3}}}}",
            "cfg.type",
            "`models.a.parameters.x` should be a plain",
        ),
        ("models: {a: {notebook: a.ipynb, docker: x}}", "cfg.type", "`models.a.docker` is 'x', not a mapping"),
        ("defaults: {docker: [x]}", "cfg.type", "`defaults.docker` is ['x'], not a mapping"),
        ("defaults: {docker: {image: a b}}", "cfg.type", "`defaults.docker.image` is 'a b', not the name of an image"),
        (
            "defaults: {docker: {gpus: null}}",
            "cfg.type",
            "`defaults.docker.gpus` is None, not auto, all, none, a number",
        ),
        (
            "defaults: {docker: {memory: lots}}",
            "cfg.type",
            "`defaults.docker.memory` is 'lots', not a size such as 512m",
        ),
        ("defaults: {docker: {memory: 1m}}", "cfg.type", "`defaults.docker.memory` is '1m', less than 6m"),
        ("defaults: {docker: {shm_size: -1}}", "cfg.type", "`defaults.docker.shm_size` is -1, not a size"),
        ("defaults: {docker: {cpus: 1e999}}", "cfg.limit", "`defaults.docker.cpus` is larger than any number"),
        ("seed: " + "9" * 5000, "cfg.limit", "`seed` is larger than any number"),
        ("zzz: [1, {y: -1e999}]", "cfg.limit", "`zzz.1.y` is larger than any number"),
        (" " * 300_000, "cfg.limit", "300 kB large"),
        ("version: true", "cfg.type", "`version` is True, not 1"),
        ("hyperparameters: {" + "k" * 257 + ": 1}", "cfg.type", "longer than 256 characters"),
        (
            "defaults: {docker: {network: [x]}}",
            "cfg.type",
            "`defaults.docker.network` is ['x'], not the name of a network",
        ),
        ("defaults: {docker: {pull: on}}", "cfg.type", "`defaults.docker.pull` is 'on', not missing, always or never"),
        (
            "models: {a: {notebook: a.ipynb, docker: {gpus: many}}}",
            "cfg.type",
            "`models.a.docker.gpus` is 'many', not auto",
        ),
        ("notify: {on: [soon]}", "cfg.type", "`notify.on.0` is 'soon', not 'done' or 'failed'"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, slug: str, what: str) -> None:
    error = refused(text)
    assert error.slug == slug
    assert what in error.what


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("notebook: [x]", "unknown key `notebook` (did you mean `notebooks`?)"),
        ("backned: docker", "(did you mean `backend`?)"),
        (
            "calls: {backned: docker}",
            "(did you mean `backend`? it belongs at the root or under `defaults` or to a model)",
        ),
        ("gates: {x: '> 1'}", "unknown key `gates` (did you mean `gates`? it belongs to a model)"),
        ("defaults: {on: [done]}", "`defaults.on` (did you mean `on`? it belongs under `notify`)"),
        ("defaults: {modles: 3}", "`defaults.modles` (did you mean `models`? it belongs at the root)"),
        ("defaults: {notebook: x}", "(did you mean `notebook`? it belongs to a model)"),
        ("defaults: {version: 1}", "(did you mean `version`? it belongs at the root)"),
        ("models: {a: {notebook: a.ipynb, metric: {}}}", "`models.a.metric` (did you mean `metrics`?)"),
        (
            "models: {a: {notebook: a.ipynb, spot: true}}",
            "(did you mean `spot`? it belongs under `sagemaker`)",
        ),
        ("models: {a: {notebook: a.ipynb, sagemaker: {rol: x}}}", "`models.a.sagemaker.rol` (did you mean `role`?)"),
        ("defaults: {docker: {imgae: x}}", "`defaults.docker.imgae` (did you mean `image`?)"),
        (
            "models: {a: {notebook: a.ipynb, docker: {shmsize: 1g}}}",
            "`models.a.docker.shmsize` (did you mean `shm_size`?)",
        ),
        ("models: {a: {notebook: a.ipynb, docker: {zzz: 1}}}", "unknown key `models.a.docker.zzz`"),
        (
            "models: {a: {notebook: a.ipynb, memory: 8g}}",
            "(did you mean `memory`? it belongs under `docker`)",
        ),
        ("zzz: 1", "unknown key `zzz`"),
        ("5: 1", "unknown key `5`"),
    ],
)
def test_an_unknown_key_is_told_with_the_one_that_was_meant(text: str, what: str) -> None:
    error = refused(text)
    assert error.slug == "cfg.unknown"
    assert what in error.what


def test_all_mistakes_are_told_at_once_and_the_gravest_first() -> None:
    error = refused("backned: x\ndefaults: {timeout: soon, seed: one}\nmodels: {a: {notebook: 3}}")
    assert error.slug == "cfg.type"
    told = error.what.split("; ")
    assert [part.split("`")[1] for part in told] == [
        "defaults.timeout",
        "defaults.seed",
        "models.a.notebook",
        "backned",
    ]


def test_what_is_too_much_to_tell_is_counted() -> None:
    error = refused("".join(f"key{number}: 1\n" for number in range(9)))
    assert error.what.endswith("; and 4 more")


@pytest.mark.parametrize(
    "key",
    [
        "endpoint_url",
        "aws_access_key_id",
        "aws_secret_access_key",
        "session_token",
        "password",
        "webhook",
        "url",
        "credentials",
    ],
)
@pytest.mark.parametrize(
    "place", ["{key}: x", "defaults: {{{key}: x}}", "models: {{a: {{notebook: a.ipynb, sagemaker: {{{key}: x}}}}}}"]
)
def test_no_address_and_no_credential_gets_in(place: str, key: str) -> None:
    error = refused(place.format(key=key))
    assert error.slug == "cfg.forbidden"
    assert "never read from this file" in error.what
    assert "never read from this file" in error.hint


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("no", "no"), ("010", "010"), ("1:30", "1:30"), ("0x1f", "0x1f"), ("2026-01-05", "2026-01-05"),
        ("true", True), ("null", None), ("3", 3), ("3.", 3.0), ("1e3", 1000.0), (".5", 0.5), ("'3'", "3"),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    config = parse_config(f"models: {{a: {{notebook: a.ipynb, parameters: {{x: {text}}}}}}}".encode())
    read = config.models["a"].parameters["x"]
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("90s", 90), ("30m", 1800), ("30min", 1800), ("2h", 7200), ("1h30m", 5400), ("1h1m1s", 3661), (600, 600),
        ("0s", None), ("", None), (0, None), (-5, None), (True, None), (1.5, None), ("2 h", None), ("2d", None),
        ("m", None), ("30m2h", None), (None, None), ("1h\n", None),
    ],
)  # fmt: skip
def test_durations(value: object, seconds: int | None) -> None:
    assert parse_duration(value) == seconds


@given(st.integers(0, 500), st.integers(0, 59), st.integers(0, 59))
def test_a_duration_is_the_sum_of_its_parts(hours: int, minutes: int, seconds: int) -> None:
    assert parse_duration(f"{hours}h{minutes}m{seconds}s") == (hours * 3600 + minutes * 60 + seconds or None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3), ("0.1", 0.1), ("true", True), ("null", None), ("adam", "adam"), ("", ""), ("  ", "  "),
        ("'3'", "3"), ('"3"', "3"), ("'", "'"), ("'a'b'", "'a'b'"), ("[1, 2]", "[1, 2]"), ("a: b", "a: b"),
        ("a: b: c", "a: b: c"), ("*.csv", "*.csv"), ("!!int 3", "!!int 3"), ("issue #5", "issue #5"),
        ("a\nb", "a\nb"), ("@x", "@x"), ("1e400x", "1e400x"), ("'[' ", "'[' "), ("\ud800", "\ud800"),
    ],
)  # fmt: skip
def test_a_parameter_of_the_command_line_is_a_scalar_or_the_text_itself(text: str, value: object) -> None:
    read = parse_parameter(text)
    assert (read, type(read)) == (value, type(value))


def test_a_parameter_is_no_infinity() -> None:
    with pytest.raises(InputError, match="larger than any number"):
        parse_parameter("1e999")


@given(st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_scalars_come_through_the_command_line(value: float | None) -> None:
    assert parse_parameter(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("patterns", "chosen", "left"),
    [
        (["**/*.ipynb"], "a.ipynb b/a.ipynb b/c/a.ipynb", "a.executed.ipynb a.py"),
        (["*.ipynb"], "a.ipynb b/c/a.ipynb", ""),
        (["/*.ipynb"], "a.ipynb", "b/a.ipynb"),
        (["notebooks/*.ipynb"], "notebooks/a.ipynb", "a.ipynb notebooks/b/a.ipynb x/notebooks/a.ipynb"),
        (["notebooks/**/*.ipynb"], "notebooks/a.ipynb notebooks/b/c/a.ipynb", "a.ipynb"),
        (["notebooks/"], "notebooks/a.ipynb notebooks/b/a.ipynb x/notebooks/a.ipynb", "a.ipynb notebooks2/a.ipynb"),
        (["notebooks/**"], "notebooks/a.ipynb notebooks/b/a.ipynb", "x/notebooks/a.ipynb"),
        (["**/*.ipynb", "!archive/"], "a.ipynb", "archive/a.ipynb x/archive/b/a.ipynb"),
        (["**/*.ipynb", "!**/test_*"], "a.ipynb", "test_a.ipynb b/test_a.ipynb"),
        (["!x.ipynb", "**/*.ipynb"], "x.ipynb", ""),
        (["a/[xy].ipynb", "a/?0.ipynb"], "a/x.ipynb a/z0.ipynb", "a/z.ipynb a/0.ipynb"),
        ([], "", "a.ipynb"),
    ],
)
def test_notebooks_are_selected_by_patterns_as_of_gitignore(patterns: list[str], chosen: str, left: str) -> None:
    config = Config(notebooks=patterns)
    assert [path for path in f"{chosen} {left}".split() if config.selects(path)] == chosen.split()


def test_a_notebook_that_a_model_names_is_selected_unless_a_pattern_excludes_it() -> None:
    models = {name: Model(notebook=f"{name}.ipynb") for name in ("named", "named.executed", "out")}
    config = Config(notebooks=["!out.ipynb"], models=models)
    assert config.selects("named.ipynb")
    assert config.selects("named.executed.ipynb")
    assert not config.selects("out.ipynb")


def test_a_pattern_of_many_stars_is_matched_in_no_time() -> None:
    config = Config(notebooks=["/".join(["**", "*a*a*a*a*b"] * 20)])
    assert not config.selects("/".join(["a" * 60] * 60) + ".ipynb")


def test_the_schema_takes_the_whole_file_and_refuses_a_typo() -> None:
    schema = config_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"] == "alekseylearn.yml"
    checker = jsonschema.Draft202012Validator(schema)
    checker.validate(values(WHOLE))
    table = "{image: python, gpus: [0, 1], memory: 8g, shm_size: 1g, cpus: 1.5, network: bridge, pull: always}"
    checker.validate(values(f"defaults: {{docker: {table}}}\nmodels: {{a: {{notebook: a.ipynb, docker: {table}}}}}"))
    for broken in (
        "backned: x",
        "defaults: {timout: 2h}",
        "models: {a: {notebook: a, sagemaker: {endpoint_url: x}}}",
        "models: {a: {notebook: a, docker: {imgae: x}}}",
        "defaults: {docker: {host: x}}",
        "models: {a: {}}",
    ):
        assert not checker.is_valid(values(broken))


@given(st.text(max_size=60) | st.from_regex(r"(models|defaults|notify): ?[\[\{\]\}a-z: ,0-9'\"]{0,30}", fullmatch=True))
def test_whatever_the_file_holds_it_is_read_or_refused(text: str) -> None:
    try:
        config = parse_config(text.encode())
    except InputError as error:
        refusal = error
    else:
        assert isinstance(config, Config)
        return
    assert refusal.slug in ("cfg.syntax", "cfg.limit", "cfg.type", "cfg.unknown")


class TestShortForms:
    def test_what_stands_at_the_top_holds_for_every_notebook(self) -> None:
        text = b"""
backend: docker
timeout: 90m
max_cost: 3
python: "3.12"
seed: 7
random: reseed
repeats: 2
tolerance: 0.01
docker: {memory: 8g}
sagemaker: {bucket: acme-churn}
"""
        indented = b"defaults:\n" + b"\n".join(b"  " + line for line in text.splitlines())
        assert parse_config(text) == parse_config(indented)
        assert parse_config(text).defaults.timeout == 5400

    def test_it_goes_together_with_other_defaults(self) -> None:
        config = parse_config(b"seed: 7\ndefaults: {backend: docker}\nmodels: {a: {notebook: a.ipynb, seed: 8}}")
        assert (config.defaults.seed, config.defaults.backend, config.models["a"].seed) == (7, "docker", 8)
        assert parse_config(b"seed: null\ntimeout: null") == Config()

    @pytest.mark.parametrize("key", ["seed: 7", "backend: docker", "docker: {memory: 8g}", "timeout: 2h"])
    def test_twice_is_once_too_often(self, key: str) -> None:
        error = refused(f"{key}\ndefaults: {{{key}}}")
        assert error.slug == "cfg.type"
        assert "stands under `defaults` and at the top as well" in error.what

    def test_mistakes_are_named_as_they_stand(self) -> None:
        error = refused("seed: -1\ndocker: {memory: lots}\nsagemaker: {rol: x}\ntimeout: soon\nrepeats: many")
        for place in ("`docker.memory`", "`sagemaker.rol`", "`timeout`", "`repeats`"):
            assert place in error.what
        assert "`seed` is -1" in refused("seed: -1").what

    @pytest.mark.parametrize("place", ["{}", "defaults: {{{}}}", "models: {{a: {{notebook: a.ipynb, {}}}}}"])
    def test_local_is_the_machine_itself(self, place: str) -> None:
        said = parse_config(place.format("backend: local").encode())
        assert said == parse_config(place.format("backend: process").encode())

    @pytest.mark.parametrize("place", ["{}", "defaults: {{{}}}", "models: {{a: {{notebook: a.ipynb, {}}}}}"])
    def test_sagemakers_own_words_are_taken(self, place: str) -> None:
        theirs = "sagemaker: {instance_type: ml.g5.xlarge, instance_count: 2, max_runtime: 3600}"
        ours = "sagemaker: {instances: ml.g5.xlarge, count: 2}, timeout: 1h"
        ours = ours if place != "{}" else ours.replace(", timeout", "\ntimeout")
        assert parse_config(place.format(theirs).encode()) == parse_config(place.format(ours).encode())

    def test_a_models_own_word_wins_over_the_services_in_the_defaults(self) -> None:
        config = parse_config(
            b"sagemaker: {instance_count: 2}\nmodels: {a: {notebook: a.ipynb, sagemaker: {count: 3}}}"
        )
        assert config.sagemaker(config.models["a"]).count == 3
        assert config.sagemaker(Model(notebook="b.ipynb")).count == 2

    @pytest.mark.parametrize(
        "text",
        [
            "sagemaker: {count: 2, instance_count: 2}",
            "sagemaker: {instances: ml.g5.xlarge, instance_type: ml.g5.xlarge}",
            "timeout: 2h\nsagemaker: {max_runtime: 3600}",
        ],
    )
    def test_both_words_are_one_too_many(self, text: str) -> None:
        error = refused(text)
        assert (error.slug, "the same" in error.what) == ("cfg.type", True)


class TestHyperparameters:
    def test_they_are_checked_as_parameters_are(self) -> None:
        config = parse_config(b"hyperparameters: {epochs: 20, layers: [64, 32], name: x}")
        assert config.hyperparameters == {"epochs": 20, "layers": [64, 32], "name": "x"}
        for table in ("hyperparameters: {%s}", "models: {a: {notebook: a.ipynb, parameters: {%s}}}"):
            assert refused(table % '"a\\nb": 1').slug == "cfg.type"
            assert "no variable" in refused(table % "x-y: 1").what
            assert "plain value" in refused(table % "x: {y: 1}").what
            assert "larger than any number" in refused(table % "x: 1e999").what

    @pytest.mark.parametrize("value", ["x" * 2501, "é" * 2501, "[" + ", ".join(["1000"] * 500) + "]"])
    def test_a_value_that_sagemaker_does_not_take_is_refused(self, value: str) -> None:
        error = refused(f"hyperparameters: {{big: {value}}}")
        assert (error.slug, "longer than 2500 characters" in error.what) == ("cfg.type", True)
        assert len(parse_config(f"hyperparameters: {{big: {'x' * 2500}}}".encode()).hyperparameters) == 1


class TestAccount:
    def test_every_role_must_belong_to_it(self) -> None:
        role = "role_account: {}\nsagemaker: {{role: 'arn:aws:iam::012345678901:role/x'}}"
        assert parse_config(role.format("012345678901").encode()).role_account == "012345678901"
        assert parse_config(b"role_account: 123456789012").role_account == "123456789012"
        assert "is not of the account" in refused(role.format("112345678901")).what
        model = (
            "role_account: '112345678901'\nmodels: {a: {notebook: a.ipynb, " + role.partition("\n")[2].format() + "}}"
        )
        assert "`models.a.sagemaker.role`" in refused(model).what

    @pytest.mark.parametrize("value", ["1234", "'1234567890123'", "churn", "[1]", "true", "1.5", "01234567890"])
    def test_it_has_12_digits(self, value: str) -> None:
        error = refused(f"role_account: {value}")
        assert (error.slug, "the 12 digits of an account" in error.what) == ("cfg.type", True)


class TestGravity:
    WORST = (
        ("cfg.limit", "seed: 1e999"),
        ("path.unsafe", "notebooks: ['../*']"),
        ("cfg.forbidden", "webhook: x"),
        ("cfg.budget", "sagemaker: {instance_count: 1000}"),
        ("cfg.type", "docker: {memory: lots}"),
        ("cfg.unknown", "zzz: 1"),
    )

    @pytest.mark.parametrize("worst", range(1, 6))
    def test_of_several_mistakes_the_gravest_has_the_word(self, worst: int) -> None:
        texts = [text for _, text in self.WORST[worst:]]
        for order in (texts, texts[::-1]):
            assert refused("\n".join(order)).slug == self.WORST[worst][0]

    def test_a_number_that_is_larger_than_any_is_graver_still(self) -> None:
        assert refused("seed: 1e999\nmax_cost: 1e9\ndocker: {memory: lots}").slug == "cfg.limit"


class TestBudget:
    @pytest.mark.parametrize(
        "text",
        [
            "sagemaker: {count: 21}", "sagemaker: {instances: 1000}", "defaults: {sagemaker: {instance_count: 500}}",
            "models: {a: {notebook: a.ipynb, sagemaker: {instance_count: 64, instance_type: ml.p5.48xlarge}}}",
            "sagemaker: {max_runtime: 315360000}", "timeout: 673h", "models: {a: {notebook: a.ipynb, timeout: 99999999}}",
            "sagemaker: {max_wait: 9999h}", "sagemaker: {keep_alive: 9999h}", "sagemaker: {volume_size: 65536}",
            "max_cost: 10001", "defaults: {max_cost: 1.0e+9}", "zzz: 1\nsagemaker: {count: 1000}",
        ],
    )  # fmt: skip
    def test_no_file_asks_for_more_than_its_share(self, text: str) -> None:
        assert refused(text).slug == "cfg.budget"

    def test_what_people_ask_for_is_given(self) -> None:
        parse_config(
            b"max_cost: 10000\nsagemaker: {count: 20, instances: ml.p5.48xlarge, max_runtime: 28800, max_wait: 48h}"
        )


class TestWarnings:
    def test_values_that_others_read_differently_are_told(self) -> None:
        config = parse_config(b"hyperparameters:\n  country: no\n  n: [1, 010]\n  quoted: 'no'\n", "my.yml")
        assert config.hyperparameters == {"country": "no", "n": [1, "010"], "quoted": "no"}
        country, number = config.warnings
        assert country.startswith("cfg.type: my.yml, line 2: 'no' is the text 'no' here, and false to other readers")
        assert "line 3: '010'" in number
        assert config == parse_config(b"hyperparameters: {country: 'no', n: [1, '010'], quoted: 'no'}")

    def test_many_are_counted(self) -> None:
        text = "hyperparameters: {" + ", ".join(f"x{number}: on" for number in range(9)) + "}"
        *_, last = parse_config(text.encode()).warnings
        assert last == "cfg.type: alekseylearn.yml holds 5 more such values"

    def test_most_files_have_none(self) -> None:
        assert parse_config(b"notify: {on: [done]}\nhyperparameters: {lr: 1e-3, n: 10, flag: true}").warnings == ()


def test_artifacts_are_told_where_they_are_kept_without_it() -> None:
    error = refused("artifacts: [out/*.png]")
    assert (error.slug, "SM_OUTPUT_DATA_DIR" in error.what) == ("cfg.unknown", True)


@pytest.mark.parametrize("python", ["-c", "--version", "' '", "''", '"a\\nb"', '"a\\tb"', '"a\\u202eb"'])
def test_no_option_is_taken_for_a_python(python: str) -> None:
    assert "no Python" in refused(f"python: {python}").what


def test_a_file_of_many_values_is_refused_before_it_is_built() -> None:
    assert "more than 10000 values" in refused("x: [" + "1," * 30_000 + "1]").what
