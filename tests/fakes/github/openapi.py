"""Check requests and answers against an OpenAPI 3.0 description."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote

import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

Json = Any
"""A value as `json` reads it."""

ROOT = "urn:openapi"
"""Name under which the whole description is known to its own references."""
WIDTH = 200
"""Longest message, in characters, that one problem keeps."""
SLASHED = frozenset({"basehead", "ref"})
"""Path parameters whose value may hold slashes."""
BASIC_ERROR = {"$ref": f"{ROOT}#/components/schemas/basic-error"}
"""Form of an error that an operation does not describe itself."""
LENIENT = frozenset({("issues/add-labels", "array")})
"""Bodies that the service takes although its description leaves them out: (operation, JSON type)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation: a method on a path, as described."""

    method: str
    path: str
    operation_id: str
    pattern: re.Pattern[str]
    described: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An operation that was called: its path parameters and its query."""

    operation: Operation
    parameters: Mapping[str, str]
    query: Mapping[str, str]


class Spec:
    """An OpenAPI description that can be asked whether a request or an answer keeps to it."""

    def __init__(self, description: Json) -> None:
        self._root = convert(description)
        resource = Resource.from_contents(self._root, default_specification=DRAFT202012)
        self._registry: Registry[Json] = Registry().with_resource(ROOT, resource)
        self._validators: dict[tuple[str, str], jsonschema.Draft202012Validator] = {}
        found = [
            Operation(
                method=verb.upper(),
                path=path,
                operation_id=described["operationId"],
                pattern=pattern(path),
                described=described,
            )
            for path, verbs in self._root["paths"].items()
            for verb, described in verbs.items()
        ]
        # The path with the fewest parameters is the most specific one.
        self.operations = tuple(sorted(found, key=lambda operation: operation.path.count("{")))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a description from a JSON file."""
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def match(self, method: str, path: str, query: Mapping[str, str]) -> Call | None:
        """Return the operation that *method* on *path* calls, or None."""
        for operation in self.operations:
            if operation.method == method and (found := operation.pattern.fullmatch(path)):
                parameters = {name: unquote(value) for name, value in found.groupdict().items()}
                return Call(operation=operation, parameters=parameters, query=query)
        return None

    def resolve(self, part: Mapping[str, Json]) -> dict[str, Json]:
        """Follow the references of *part* to what it stands for."""
        while "$ref" in part:
            part = functools.reduce(lambda value, key: value[key], part["$ref"].split("#/")[1].split("/"), self._root)
        return dict(part)

    def validator(self, schema: Mapping[str, Json]) -> jsonschema.Draft202012Validator:
        """Return a validator of *schema*, which may refer to the rest of the description."""
        return jsonschema.Draft202012Validator(schema, registry=self._registry)

    def request_problems(self, call: Call, body: Json) -> list[str]:
        """Return what is wrong with a request, as sentences."""
        return [*self._parameter_problems(call), *self._body_problems(call.operation, body)]

    def answer_problems(self, call: Call, status: int, body: Json) -> list[str]:
        """Return what is wrong with an answer, as sentences.

        An error that the operation does not describe has to look like GitHub's basic error.
        """
        answers = call.operation.described["responses"]
        if str(status) not in answers:
            if status < 400:
                return [f"answer: status {status} is not described"]
            return self._problems("answer", (call.operation.operation_id, "basic-error"), BASIC_ERROR, body)
        content = self.resolve(answers[str(status)]).get("content", {}).get("application/json")
        if content is None:
            return [] if body is None or status >= 400 else ["answer: a body where none is described"]
        return self._problems("answer", (call.operation.operation_id, str(status)), content["schema"], body)

    def _parameter_problems(self, call: Call) -> Iterator[str]:
        described = [self.resolve(each) for each in call.operation.described.get("parameters", ())]
        queries = {each["name"]: each for each in described if each["in"] == "query"}
        for name in call.query.keys() - queries.keys():
            yield f"query: unknown parameter {name!r}"
        for name, each in queries.items():
            if name in call.query:
                yield from self._value_problems(call, each, f"query {name}", call.query[name])
            elif each.get("required"):
                yield f"query: {name!r} is required"
        for each in described:
            if each["in"] == "path":
                name = each["name"]
                yield from self._value_problems(call, each, f"path {name}", call.parameters[name])

    def _value_problems(self, call: Call, described: Mapping[str, Json], where: str, text: str) -> list[str]:
        schema = self.resolve(described["schema"])
        return self._problems(where, (call.operation.operation_id, where), schema, typed(schema, text))

    def _body_problems(self, operation: Operation, body: Json) -> list[str]:
        described = operation.described.get("requestBody")
        if described is None:
            return [] if body is None else ["body: none is described"]
        if body is None:
            return ["body: required"] if described.get("required") else []
        if (operation.operation_id, jsontype(body)) in LENIENT:
            return []
        schema = self.resolve(described["content"]["application/json"]["schema"])
        unknown: Sequence[str] = ()
        if isinstance(body, dict) and "properties" in schema:
            unknown = [f"body: unknown property {name!r}" for name in body.keys() - schema["properties"].keys()]
        return [*unknown, *self._problems("body", (operation.operation_id, "body"), schema, body)]

    def _problems(self, where: str, key: tuple[str, str], schema: Mapping[str, Json], value: Json) -> list[str]:
        if key not in self._validators:
            self._validators[key] = self.validator(schema)
        errors = self._validators[key].iter_errors(value)
        return [f"{where}: {error.json_path}: {error.message[:WIDTH]}" for error in errors]


def pattern(path: str) -> re.Pattern[str]:
    """Return what a path looks like, with one group for each parameter in braces."""
    parts = [
        f"(?P<{part}>{'.+' if part in SLASHED else '[^/]+'})" if index % 2 else re.escape(part)
        for index, part in enumerate(re.split(r"\{(\w+)\}", path))
    ]
    return re.compile("".join(parts))


def convert(part: Json) -> Json:
    """Return *part* of an OpenAPI 3.0 description with its schemas in JSON Schema's words.

    `nullable` becomes a union with null; references become absolute, so that a schema can be taken out.
    """
    match part:
        case list():
            return [convert(each) for each in part]
        case dict():
            return nullable({key: convert(each) for key, each in part.items() if key != "nullable"}, part)
        case _:
            return part


def nullable(converted: dict[str, Json], original: Mapping[str, Json]) -> dict[str, Json]:
    """Return *converted* as a union with null where *original* says so, with absolute references."""
    if isinstance(target := converted.get("$ref"), str) and target.startswith("#/"):
        converted["$ref"] = ROOT + target
    if original.get("nullable") is not True:
        # Not a flag of this schema: a property may bear the name, too.
        return {**converted, "nullable": convert(original["nullable"])} if "nullable" in original else converted
    if "enum" in converted and None not in converted["enum"]:
        converted["enum"] = [*converted["enum"], None]
    if isinstance(converted.get("type"), str):
        return {**converted, "type": [converted["type"], "null"]}
    return {"anyOf": [converted, {"type": "null"}]}


def typed(schema: Mapping[str, Json], text: str) -> Json:
    """Return the value that *text* stands for in a path or query parameter of *schema*."""
    match schema.get("type"):
        case "integer" if re.fullmatch(r"-?\d+", text):
            return int(text)
        case "boolean" if text.lower() in {"true", "false"}:
            return text.lower() == "true"
        case _:
            return text


def jsontype(value: Json) -> str:
    """Return the JSON name of the type of *value*, as far as bodies need it."""
    match value:
        case dict():
            return "object"
        case list():
            return "array"
        case _:
            return "scalar"
