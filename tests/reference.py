"""The reference of `alekseylearn.yml`, made of the schema: `python -m tests.reference` writes `docs/configuration.md`."""

from __future__ import annotations

import re
import sys
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from alekseylearn import config
from alekseylearn.config import config_schema
from alekseylearn.glossary import TABLES
from alekseylearn.tables import KEYS

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "configuration.md"
INTRODUCTION = """\
# Configuration

`alekseylearn.yml` at the root of the repository is optional: without it every notebook that trains is found, and names, goals and limits are guessed or
usual. `alekseylearn init` writes one with comments, `alekseylearn config check` reads it, `alekseylearn config show` prints what holds.

```yaml
defaults: {timeout: 2h}
models:
  churn:
    notebook: notebooks/churn.ipynb
    metrics: {accuracy: max, loss: min}
    gates: {accuracy: ">= 0.92"}
    parameters: {epochs: 20}
    smoke: {epochs: 1}
```

An editor helps while you write: `alekseylearn config schema > alekseylearn.schema.json`, and as the first line of the file
`# yaml-language-server: $schema=alekseylearn.schema.json`. A key that nothing knows is an error, which names the one that was probably meant.
In a workflow the file is read from the commit that is trained, for a fork from the base.

This page is written from the program itself.
"""
SHARED = {
    "File": "The keys of [`defaults:`](#defaults) may stand at the top as well, each in one of the two places",
    "Model": "The keys of [`defaults:`](#defaults) may stand under a model, too, where they win",
}
HEADINGS = {
    "File": ("The file", "Nothing is needed.\n"),
    "Defaults": ("`defaults:`", "They hold for every notebook that does not say otherwise.\n"),
    "Model": (
        "A model",
        "Under `models:`, by a name of your choice; a run, its files and the comment are called by it. Only `notebook` is needed.\n",
    ),
    "Calls": (
        "`calls:`",
        "What the calls of your own functions do; [how it decides](how-it-decides.md#calls-you-teach) explains the names.\n",
    ),
    "Notify": ("`notify:`", ""),
}
REFUSED = """\
## What is refused

Whoever changes this file in a pull request may choose what is trained, and within limits where. What is wrong is told all at once, under the gravest name:

| Name | The file holds |
| :-- | :-- |
| `cfg.syntax` | no plain YAML: a tag, a key twice, two documents, a tab |
| `cfg.limit` | more than 256 KiB or 10,000 values, anchors and aliases, 30 levels, or a number larger than any |
| `path.unsafe` | a path or a pattern that leads out of the repository, an address in the place of one, a data set in a folder of the system; or it is itself a link |
| `cfg.forbidden` | an address, a credential, a profile, a hook, a flag of docker, the host's network, wherever it stands; or a secret as a value, which is never shown |
| `cfg.budget` | more than 20 machines, 28 days, 20 repeats, 16,384 GB or 10,000 US dollars |
| `cfg.type` | a value that is not what its key holds; names of images and machines with anything but their own signs; values of parameters beyond 2,500 characters |
| `cfg.unknown` | a key that nothing knows |

YAML has two versions, which read `no`, `on`, `010`, `1:30` or `2026-01-05` differently. Here they are text; `config check`, `fit` and every run on GitHub warn of each with `cfg.type`: put such values in quotes.

"""
ENVIRONMENT = """\
## Environment

| Variable | Means |
| :-- | :-- |
| `ALEKSEYLEARN_NOTIFY` | addresses that are told when a run ends; a secret |
| `ALEKSEYLEARN_PASS_X=1` | hands the variable `X` to what is trained, which else sees only language, time zone and the like |
| `GITHUB_TOKEN`, `GH_TOKEN` | reads what workflows left, for `alekseylearn fetch pr/N` |
| `DOCKER_HOST`, `AWS_PROFILE`, `AWS_REGION`, ... | mean what they mean to docker and to AWS's own tools |
| `NO_COLOR` | no colours |

The action's [inputs](recipes.md#inputs) win over the file: a `timeout` given there is a ceiling that no file raises.
"""


def reference() -> str:
    """Write the page."""
    schema = config_schema()
    parts = [INTRODUCTION]
    for kind, (heading, about) in HEADINGS.items():
        definition = schema if kind == "File" else schema["$defs"][kind]
        shared = [held.name for held in fields(config.Defaults)] if kind in ("File", "Model") else []
        rows = [row(held, definition, kind) for held in fields(getattr(config, kind)) if held.name not in shared]
        parts.append(f"## {heading}\n\n{about}{chr(10) if about else ''}{table(rows)}")
        if shared:
            parts.append(f"{SHARED[kind]}: {', '.join(f'`{key}`' for key in shared)}.\n")
        if kind == "Model":
            parts += [keys_of(name) for name in KEYS]
    return "\n".join([*parts, REFUSED + ENVIRONMENT])


def table(rows: list[str]) -> str:
    """Write a table of keys."""
    return "\n".join(["| Key | Holds | Default | Means |", "| :-- | :-- | :-- | :-- |", *rows, ""])


def row(held: Field[Any], definition: dict[str, Any], kind: str) -> str:
    """Write the row of one key."""
    entry = TABLES[kind][held.name]
    holds = f"[its keys](#{held.name})" if held.name in KEYS else values_of(definition["properties"][held.name])
    told = [f"`{held.name}`", holds, default(held), f"{entry.means}<br>`{held.name}: {entry.example}`"]
    return f"| {' | '.join(part.replace('|', chr(92) + '|') for part in told)} |"


def values_of(value: dict[str, Any]) -> str:
    """Say in words what the schema allows."""
    match value:
        case {"examples": [*_]}:
            return "time"
        case {"$ref": _}:
            return "mapping"
        case {"const": only}:
            return f"`{only}`"
        case {"enum": words}:
            return ", ".join(f"`{word}`" for word in words)
        case {"anyOf": kinds}:
            return scalars(kinds)
        case {"type": "array", "items": items}:
            return f"list of {values_of(items)}"
        case {"type": "object", "additionalProperties": {"$ref": _}}:
            return "mapping"
        case {"type": "object", "additionalProperties": {"anyOf": _}}:
            return "names and values"
        case {"type": "object", "additionalProperties": dict(held)}:
            return f"names, each with {values_of(held)}"
        case {"type": str(kind)}:
            return {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}[kind]
        case _:
            raise AssertionError(f"a schema that has no words yet: {value}")


def scalars(kinds: list[dict[str, Any]]) -> str:
    """Say what one of several kinds is; null only stands for what is left out."""
    return " or ".join(values_of(kind) for kind in kinds if kind != {"type": "null"})


def default(held: Field[Any]) -> str:
    """Say what holds where the key is left out."""
    if held.default is MISSING and held.default_factory is MISSING:
        return "needed"
    value = held.default if held.default_factory is MISSING else held.default_factory()
    if held.name == "timeout":
        return f"`{value // 3600}h`"
    if isinstance(value, list) and value:
        value = ", ".join(map(str, value))
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`" if isinstance(value, int | str) else "none"


def keys_of(name: str) -> str:
    """Copy the table of keys from the page about a backend."""
    page = (DOCS / f"{name}.md").read_text("utf-8")
    found = re.search(rf"^### The `{name}:` table\n.*?^(\|.*?)\n\n", page, re.MULTILINE | re.DOTALL)
    assert found, name
    rows = found[1].replace(": see below |", " |")
    return f"### `{name}:`\n\nUnder a model or under `defaults:`, key by key. [More about it]({name}.md).\n\n{rows}\n"


def main() -> None:
    """Write the page into the documentation."""
    PAGE.write_text(reference(), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
