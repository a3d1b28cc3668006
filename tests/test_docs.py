"""What pages show of configurations, commands and errors is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alekseylearn.cli import ALIASES, COMMANDS
from alekseylearn.config import parse_config
from alekseylearn.tables import KEYS

ROOT = Path(__file__).parent.parent
DOCKER = (ROOT / "docs" / "docker.md").read_text("utf-8")
PAGES = {path.name: path.read_text("utf-8") for path in (*(ROOT / "docs").glob("*.md"), ROOT / "README.md")}


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", DOCKER, re.DOTALL))
def test_a_configuration_that_a_page_shows_holds(text: str) -> None:
    config = parse_config(text.encode())
    assert all(config.docker(model) for model in config.models.values())


def test_every_key_of_the_docker_table_is_explained() -> None:
    table = DOCKER.split("### The `docker:` table")[1].split("### ")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == sorted(KEYS["docker"])


def test_every_slug_of_the_failure_table_is_one_of_ours() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "alekseylearn").rglob("*.py"))
    slugs = re.findall(r"`((?:docker|gpu)\.[a-z]+|[A-Z]\w+)`", DOCKER.split("## When something fails")[1])
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
