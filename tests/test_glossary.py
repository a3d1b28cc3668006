"""Every key of the configuration is explained, with an example that holds."""

from __future__ import annotations

from dataclasses import fields

import pytest

from alekseylearn import config
from alekseylearn.config import config_schema, parse_config
from alekseylearn.glossary import TABLES

PLACES = {
    "File": "{key}: {example}\n",
    "Defaults": "defaults: {{{key}: {example}}}\n",
    "Model": "models: {{churn: {{{rest}{key}: {example}}}}}\n",
    "Calls": "calls: {{{key}: {example}}}\n",
    "Notify": "notify: {{{key}: {example}}}\n",
}


@pytest.mark.parametrize("kind", TABLES)
def test_it_explains_the_keys_that_there_are(kind: str) -> None:
    known = {one.name for one in fields(getattr(config, kind))}
    assert set(TABLES[kind]) == known


@pytest.mark.parametrize(("kind", "key"), [(kind, key) for kind, table in TABLES.items() for key in table])
def test_an_example_is_taken(kind: str, key: str) -> None:
    rest = "" if key == "notebook" else "notebook: churn.ipynb, "
    text = PLACES[kind].format(key=key, example=TABLES[kind][key].example, rest=rest)
    assert parse_config(text.encode()) != parse_config(b"models: {churn: {notebook: churn.ipynb}}"), text


def test_editors_show_what_a_key_means() -> None:
    schema = config_schema()
    assert schema["properties"]["models"]["description"].startswith("Notebooks under names")
    for definition in schema["$defs"].values():
        assert all(held["description"] for held in definition["properties"].values())
