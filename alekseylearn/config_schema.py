"""The JSON Schema of `alekseylearn.yml`, for editors."""

from __future__ import annotations

from typing import Any, get_args

from alekseylearn.config_values import FILE_NAME, OTHER_WORDS, BackendName, File
from alekseylearn.glossary import TABLES
from alekseylearn.tables import KEYS


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the configuration file, for editors."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(File).json_schema()
    for kind, definition in {"File": schema, **schema["$defs"]}.items():
        properties = definition["properties"]
        if "timeout" in properties:
            properties["timeout"] = {"type": ["integer", "string", "null"], "examples": ["2h", "90m", 600]}
        if "backend" in properties:
            properties["backend"] = {"enum": [*get_args(BackendName), *OTHER_WORDS]}
        for key, told in properties.items():
            told["description"] = TABLES[kind][key].means
        for table, keys in KEYS.items():
            if table in properties:
                properties[table] |= {"properties": {key: {} for key in keys}, "additionalProperties": False}
    return {**schema, "$schema": "https://json-schema.org/draft/2020-12/schema", "title": FILE_NAME}
