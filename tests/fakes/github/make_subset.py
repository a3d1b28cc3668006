"""Cut GitHub's own OpenAPI description down to the operations that the stand-in answers.

The description comes from the npm package `@octokit/openapi` (MIT licence):

    npm pack @octokit/openapi
    tar xzf octokit-openapi-*.tgz package/generated/api.github.com.json
    python -m tests.fakes.github.make_subset package/generated/api.github.com.json

This writes `openapi.json` (paths and schemas, without prose) and `examples.json` (the official example of an
answer per operation: the templates from which the stand-in makes its own) beside this script.
"""

from __future__ import annotations

import copy
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.fakes.github.openapi import Json, Spec, convert

HERE = Path(__file__).parent
API = re.compile(r"https?://api\.github\.com")
API_PLACE = "{api}"
"""Stands in the templates where GitHub writes its own address."""
REPOSITORY = re.compile(r"\b(?:octocat/Hello-World|github/hello-world|octo-org/octo-(?:repo|docs))\b")
REPOSITORY_PLACE = "{repository}"
"""Stands in the templates where the examples name a repository."""

REPO = "/repos/{owner}/{repo}"
OPERATIONS: dict[str, tuple[str, ...]] = {
    "/user": ("get",),
    "/rate_limit": ("get",),
    REPO: ("get",),
    f"{REPO}/actions/artifacts": ("get",),
    f"{REPO}/actions/artifacts/{{artifact_id}}": ("get", "delete"),
    f"{REPO}/actions/artifacts/{{artifact_id}}/{{archive_format}}": ("get",),
    f"{REPO}/actions/runs": ("get",),
    f"{REPO}/actions/runs/{{run_id}}": ("get",),
    f"{REPO}/actions/runs/{{run_id}}/artifacts": ("get",),
    f"{REPO}/check-runs": ("post",),
    f"{REPO}/check-runs/{{check_run_id}}": ("get", "patch"),
    f"{REPO}/collaborators/{{username}}/permission": ("get",),
    f"{REPO}/commits/{{ref}}": ("get",),
    f"{REPO}/commits/{{commit_sha}}/pulls": ("get",),
    f"{REPO}/compare/{{basehead}}": ("get",),
    f"{REPO}/issues/comments/{{comment_id}}": ("get", "patch", "delete"),
    f"{REPO}/issues/{{issue_number}}": ("get",),
    f"{REPO}/issues/{{issue_number}}/comments": ("get", "post"),
    f"{REPO}/issues/{{issue_number}}/labels": ("get", "post"),
    f"{REPO}/issues/{{issue_number}}/labels/{{name}}": ("delete",),
    f"{REPO}/pulls": ("get",),
    f"{REPO}/pulls/{{pull_number}}": ("get",),
    f"{REPO}/pulls/{{pull_number}}/files": ("get",),
}
TEMPLATES: dict[str, str] = {
    "artifact": "actions/get-artifact",
    "check-run": "checks/create",
    "comment": "issues/create-comment",
    "commit": "repos/get-commit",
    "comparison": "repos/compare-commits-with-basehead",
    "file": "pulls/list-files",
    "issue": "issues/get",
    "label": "issues/list-labels-on-issue",
    "permission": "repos/get-collaborator-permission-level",
    "pull": "pulls/get",
    "rate-limit": "rate-limit/get",
    "repository": "repos/get",
    "run": "actions/get-workflow-run",
    "user": "users/get-authenticated",
}
MAPS = frozenset({"content", "headers", "parameters", "paths", "properties", "requestBodies", "responses", "schemas"})
"""Keys under which an object's own keys are names, not words of OpenAPI."""
PROSE = frozenset({"deprecated", "description", "example", "examples", "externalDocs", "summary", "tags", "title"})


def main(source: Path) -> None:
    full: Json = json.loads(source.read_text(encoding="utf-8"))
    subset = cut(full)
    write(HERE / "openapi.json", subset)
    spec = Spec(subset)
    templates = {name: template(full, spec, operation) for name, operation in TEMPLATES.items()}
    write(HERE / "examples.json", templates)


def write(path: Path, value: Json) -> None:
    path.write_text(
        json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=True) + "\n", encoding="utf-8"
    )
    sys.stdout.write(f"{path.name}: {path.stat().st_size} bytes\n")


def cut(full: Json) -> dict[str, Json]:
    """Return the description of `OPERATIONS` alone, with every component they refer to and no prose."""
    paths = {path: {verb: strip(full["paths"][path][verb]) for verb in verbs} for path, verbs in OPERATIONS.items()}
    components: dict[str, dict[str, Json]] = {}
    # The form of every error that an operation does not describe itself.
    waiting = ["#/components/schemas/basic-error", *references(paths)]
    while waiting:
        section, name = waiting.pop().removeprefix("#/components/").split("/", 1)
        if name not in components.setdefault(section, {}):
            components[section][name] = strip(full["components"][section][name])
            waiting += references(components[section][name])
    version = full["info"]["version"]
    return {
        "openapi": full["openapi"],
        "info": {"title": "GitHub REST API, subset", "version": version, "license": {"name": "MIT"}},
        "paths": paths,
        "components": components,
    }


def strip(value: Json, *, names: bool = False) -> Json:
    """Return *value* without prose; with *names*, the keys of *value* are names and stay."""
    match value:
        case dict():
            return {
                key: part if key in {"default", "enum"} and not names else strip(part, names=key in MAPS and not names)
                for key, part in value.items()
                if names or not (key in PROSE or key.startswith("x-"))
            }
        case list():
            return [strip(part) for part in value]
        case _:
            return value


def references(value: Json) -> Iterator[str]:
    """Yield the target of each `$ref` in *value*."""
    match value:
        case dict():
            if isinstance(target := value.get("$ref"), str):
                yield target
            for part in value.values():
                yield from references(part)
        case list():
            for part in value:
                yield from references(part)
        case _:
            return


def template(full: Json, spec: Spec, operation_id: str) -> Json:
    """Return the official example of the operation's answer, completed where it breaks its own schema."""
    operation = next(item for item in spec.operations if item.operation_id == operation_id)
    described = full["paths"][operation.path][operation.method.lower()]["responses"]
    status = next(code for code in ("200", "201") if code in described)
    body = described[status]["content"]["application/json"]
    example = official(full, next(iter(body["examples"].values())))
    value = json.loads(REPOSITORY.sub(REPOSITORY_PLACE, API.sub(API_PLACE, json.dumps(example))))
    schema = spec.resolve(convert(body["schema"]))
    if isinstance(value, list):
        value, schema = value[0], spec.resolve(schema["items"])
    return complete(spec, schema, value)


def official(full: Json, example: Json) -> Json:
    """Return the value of an *example*, which may be a reference, or hold one (the issue's does)."""
    while "$ref" in example or "value" in example:
        reference = example.get("$ref", "").rpartition("/")[2]
        example = full["components"]["examples"][reference] if reference else example["value"]
    return example


def complete(spec: Spec, schema: dict[str, Any], value: Json) -> Json:
    """Return *value* with the smallest parts that *schema* requires and *value* lacks or has in a wrong form."""
    value = copy.deepcopy(value)
    for _ in range(50):
        errors = list(spec.validator(schema).iter_errors(value))
        if not errors:
            return value
        for error in errors:
            repair(spec, error, value)
    raise SystemExit(f"an official example cannot be completed: {json.dumps(value)[:500]}")


def repair(spec: Spec, error: Any, value: Json) -> None:
    """Mend one validation *error* inside *value*, in place."""
    *parents, last = [*error.absolute_path] or [None]
    parent = value
    for step in parents:
        parent = parent[step]
    if error.validator == "required":
        place = parent if last is None else parent[last]
        missing = next(name for name in error.validator_value if name not in place)
        place[missing] = smallest(spec, error.schema["properties"][missing])
    elif last is not None:
        parent[last] = smallest(spec, error.schema)


def smallest(spec: Spec, schema: dict[str, Any]) -> Json:
    """Return a small value that *schema* allows."""
    schema = spec.resolve(schema)
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            options = schema[union]
            return None if {"type": "null"} in options else smallest(spec, options[0])
    if "enum" in schema:
        return schema["enum"][0]
    kinds = schema.get("type", "object")
    if isinstance(kinds, list) and "null" in kinds:
        return None
    match kinds:
        case "object":
            properties = schema.get("properties", {})
            return {name: smallest(spec, properties[name]) for name in schema.get("required", ())}
        case "array":
            return []
        case "boolean":
            return False
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "string":
            return {"date-time": "2011-01-26T19:01:12Z", "uri": API_PLACE}.get(schema.get("format", ""), "")
        case _:
            return None


if __name__ == "__main__":
    main(Path(sys.argv[1]))
