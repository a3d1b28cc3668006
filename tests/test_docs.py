"""What pages show of configurations, commands and errors is there, and the site made of them needs nobody else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from alekseylearn.cli import ALIASES, COMMANDS
from alekseylearn.config import Defaults, File, Model, parse_config
from alekseylearn.tables import KEYS, TableName
from tests import reference
from tests.slugs import CODES, endings, slugs

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


@pytest.mark.parametrize("page", PAGES)
def test_a_part_of_a_configuration_that_a_page_shows_holds(page: str) -> None:
    for text in re.findall(r"```yaml\n(.*?)```", PAGES[page], re.DOTALL):
        if text.split(":")[0] in {held.name for held in fields(File)}:
            parse_config(text.encode())


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


def test_the_pages_together_name_every_command() -> None:
    text = "".join(PAGES.values())
    assert [name for name in COMMANDS if not re.search(rf"(?:\balekseylearn |`){name}\b", text)] == []


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


class TestErrors:
    ROWS = re.findall(r"^\| `([^`]+)` \| (none|\d(?: or \d)?) \| (.+?) \| (.+) \|$", PAGES["errors.md"], re.MULTILINE)

    def test_every_slug_of_the_source_is_explained_and_no_other(self) -> None:
        told = [slug for slug, code, _, _ in self.ROWS if "." in slug]
        assert len(told) == len(set(told))
        assert {*told} ^ {*slugs()} == set()

    def test_it_ends_with_the_code_that_is_told(self) -> None:
        codes = {slug: code for slug, code, _, _ in self.ROWS}
        raised = {slug: known for slug, known in slugs().items() if known}
        assert {slug: {int(code) for code in codes[slug].split(" or ")} for slug in raised} == raised

    def test_every_exit_code_is_explained(self) -> None:
        told = re.findall(r"^\| (\d+) \|", PAGES["errors.md"], re.MULTILINE)
        assert {int(code) for code in told} == {0, 130, *CODES.values()}

    def test_every_word_for_a_failure_without_an_exception_is_explained(self) -> None:
        told = re.findall(r"^\| `([A-Z]\w+)` \|", PAGES["errors.md"], re.MULTILINE)
        source = "".join(path.read_text("utf-8") for path in (ROOT / "alekseylearn").rglob("*.py"))
        assert endings() <= {*told}
        assert [word for word in told if f'"{word}"' not in source and f"class {word}(" not in source] == []


class TestConfiguration:
    def test_the_page_is_what_the_schema_says(self) -> None:
        assert PAGES["configuration.md"] == reference.reference(), "python -m tests.reference"

    def test_it_has_every_key(self) -> None:
        told = set(re.findall(r"`(\w+)`", PAGES["configuration.md"]))
        assert {held.name for kind in (File, Defaults, Model) for held in fields(kind)} <= told
        assert {key for keys in KEYS.values() for key in keys} <= told

    def test_what_it_shows_holds(self) -> None:
        for text in re.findall(r"```yaml\n(.*?)```", PAGES["configuration.md"], re.DOTALL):
            parse_config(text.encode())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site where no network is."""
    folder = tmp_path_factory.mktemp("site")
    build = [Path(sys.executable).parent / "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder]
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    command = ["unshare", "--map-root-user", "--net", *build]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class TestSite:
    def test_it_has_every_page(self, site: Path) -> None:
        assert {path.stem for path in site.glob("*.html")} >= {path.stem for path in (ROOT / "docs").glob("*.md")}

    def test_what_it_loads_is_its_own(self, site: Path) -> None:
        for page in site.rglob("*.html"):
            text = page.read_text("utf-8")
            loaded = re.findall(r"<(?:script|img|iframe|source)\b[^>]*?\ssrc(?:set)?=[\"']?([^\"'> ]+)", text)
            loaded += re.findall(
                r"<link\b(?![^>]*rel=[\"']?(?:canonical|prev|next))[^>]*?\shref=[\"']?([^\"'> ]+)", text
            )
            assert loaded
            assert [address for address in loaded if re.match(r"(?:https?:)?//", address)] == []
            # For a diagram the theme would bring its program from elsewhere.
            assert 'class="mermaid"' not in text
        for style in site.rglob("*.css"):
            assert not re.search(r"(?:url\(|@import )[\"']?(?:https?:)?//", style.read_text("utf-8")), style.name

    def test_every_picture_is_there(self, site: Path) -> None:
        for page in site.glob("*.html"):
            for address in re.findall(r"<img\b[^>]*?\ssrc=[\"']?([^\"'> ]+)", page.read_text("utf-8")):
                assert (page.parent / address).is_file(), (page.name, address)
