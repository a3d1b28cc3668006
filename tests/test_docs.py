"""What pages show of configurations, commands and errors is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alekseylearn.cli import ALIASES, COMMANDS
from alekseylearn.config import parse_config
from alekseylearn.tables import KEYS, TableName

ROOT = Path(__file__).parent.parent
PLACES: tuple[TableName, ...] = ("docker", "sagemaker")
PAGES = {path.name: path.read_text("utf-8") for path in (*(ROOT / "docs").glob("*.md"), ROOT / "README.md")}


@pytest.mark.parametrize("place", PLACES)
def test_a_configuration_that_a_page_shows_holds(place: TableName) -> None:
    shown = re.findall(r"```yaml\n(.*?)```", PAGES[f"{place}.md"], re.DOTALL)
    assert shown
    for text in shown:
        config = parse_config(text.encode())
        assert all(getattr(config, place)(model) for model in config.models.values())


@pytest.mark.parametrize("place", PLACES)
def test_every_key_of_a_table_is_explained(place: TableName) -> None:
    table = PAGES[f"{place}.md"].split(f"### The `{place}:` table")[1].split("### ")[0]
    rows = re.findall(r"^\| (.*?) \|", table, re.MULTILINE)[2:]
    assert sorted(key for row in rows for key in re.findall(r"`(\w+)`", row)) == sorted(KEYS[place])


@pytest.mark.parametrize("place", PLACES)
def test_every_slug_of_a_failure_table_is_one_of_ours(place: TableName) -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "alekseylearn").rglob("*.py"))
    told = PAGES[f"{place}.md"].split("## When something fails")[1]
    slugs = re.findall(r"`((?:docker|gpu|aws|s3|sm|cost)\.[a-z-]+|[A-Z][a-z]\w+)`", told)
    assert len(slugs) > 15
    assert [slug for slug in slugs if f'"{slug}"' not in source] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_command_that_a_page_names_exists(page: str) -> None:
    shells = "".join(re.findall(r"^```(?:sh|console)\n(.*?)^```", PAGES[page], re.DOTALL | re.MULTILINE))
    named = set(re.findall(r"^(?:\$ )?alekseylearn ([a-z]+)", shells, re.MULTILINE))
    named |= set(re.findall(r"`alekseylearn ([a-z]+)", PAGES[page]))
    assert named <= {*COMMANDS, *ALIASES}


@pytest.mark.parametrize("page", PAGES)
def test_a_link_to_a_page_or_a_heading_leads_there(page: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", PAGES[page]):
        path, _, anchor = target.partition("#")
        folder = ROOT if page == "README.md" else ROOT / "docs"
        file = folder / path if path else folder / page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}, (
                target
            )
