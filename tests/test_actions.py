"""What a step says to the runner can be forged by nothing that a training prints."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alekseylearn.actions import OUTPUT_CHARACTERS, SUMMARY_BYTES, Runner, command
from alekseylearn.log_text import harmless
from alekseylearn.text import Markdown

PIECES = [*"abc :,=%#[]\r\n\x0b\x0c\x1c\x85\u2028é", "::", "##[", "::error::", "::set-output name=x::"]
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
WITHOUT_RETURNS = HOSTILE.map(lambda text: text.replace("\r", ""))


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def commands(log: str) -> list[str]:
    """Return the commands that the runner takes from *log*, as actions/runner parses it (ActionCommand.cs).

    `::name::` counts after leading blanks, `##[name]` anywhere in a line; between `::stop-commands::token` and
    `::token::` none counts.
    """
    found, token = [], ""
    for line in re.split("\r\n|\r|\n", log):
        text = line.lstrip()
        if token:
            if text == f"::{token}::":
                token = ""
            continue
        if match := re.match(r"::([\w-]+)(?: [^\n]*?)?::(.*)", text):
            found.append(match[1])
            token = match[2] if match[1] == "stop-commands" else ""
        elif match := re.search(r"##\[([\w-]+)", text):
            found.append(match[1])
    return found


def outputs(path: Path) -> dict[str, str]:
    """Read a file of outputs as the runner does (FileCommandManager.cs)."""
    found, lines = {}, iter(path.read_text(encoding="utf-8").split("\n"))
    for line in lines:
        if not line:
            continue
        name, sign, delimiter = line.partition("<<")
        assert sign
        value: list[str] = []
        for inner in lines:
            if inner == delimiter:
                break
            value.append(inner)
        found[name] = "\n".join(value)
    return found


def test_the_files_are_those_of_the_environment(stream: io.StringIO) -> None:
    runner = Runner.from_environ({"GITHUB_OUTPUT": "/o", "GITHUB_STEP_SUMMARY": "/s"}, stream)
    assert (runner.output, runner.summary) == (Path("/o"), Path("/s"))
    assert Runner.from_environ({"GITHUB_OUTPUT": ""}, stream) == Runner(stream)


class TestCommands:
    def test_values_and_properties_are_escaped(self) -> None:
        text = command("error", "100%\nof a::b", {"title": "a,b:c", "file": "x\r\n.py"})
        assert text == "::error title=a%2Cb%3Ac,file=x%0D%0A.py::100%25%0Aof a::b"

    def test_an_annotation_names_its_place(self, stream: io.StringIO) -> None:
        Runner(stream).annotate("error", "no good", title="Cell 4", file="a.ipynb", line=3)
        Runner(stream).annotate("notice", "x" * 9000)
        first, second = stream.getvalue().splitlines()
        assert first == "::error title=Cell 4,file=a.ipynb,line=3::no good"
        assert second == "::notice::" + "x" * 4000

    def test_a_group_is_closed_whatever_happens(self, stream: io.StringIO) -> None:
        with pytest.raises(ValueError, match="x"), Runner(stream).group("Train\na\u202e"):
            raise ValueError("x")
        assert stream.getvalue() == "::group::Train a\n::endgroup::\n"

    def test_every_line_of_a_secret_is_masked(self, stream: io.StringIO) -> None:
        Runner(stream).mask("one\n\n two%\n")
        assert stream.getvalue() == "::add-mask::one\n::add-mask::two%25\n"

    @given(message=HOSTILE, title=HOSTILE, file=HOSTILE)
    def test_nothing_in_an_annotation_becomes_a_second_command(self, message: str, title: str, file: str) -> None:
        stream = io.StringIO(newline="")
        Runner(stream).annotate("warning", message, title=title, file=file)
        assert commands(stream.getvalue()) == ["warning"]

    def test_what_utf_8_cannot_hold_is_still_said(self) -> None:
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding="utf-8", errors="strict")
        Runner(stream).annotate("error", "a\ud800b")
        assert raw.getvalue() == b"::error::a?b\n"


class TestEcho:
    @given(lines=st.lists(HOSTILE, max_size=5))
    def test_no_printed_line_is_taken_for_a_command(self, lines: list[str]) -> None:
        stream = io.StringIO(newline="")
        runner = Runner(stream)
        runner.echo(lines)
        runner.annotate("notice", "after")
        assert commands(stream.getvalue()) == ["stop-commands", "notice"]

    @given(line=HOSTILE)
    def test_the_old_form_of_a_command_is_broken_even_outside(self, line: str) -> None:
        assert "##[" not in harmless(line)

    def test_lines_stay_lines(self, stream: io.StringIO) -> None:
        Runner(stream).echo(["epoch 1\n", "a\x85b", "", "##[error]x"])
        shown = stream.getvalue().splitlines()[1:-2]
        assert shown == ["epoch 1", "a", "b", "", "##\u200b[error]x"]

    def test_the_token_is_another_one_every_time(self) -> None:
        tokens = set()
        for _ in range(20):
            stream = io.StringIO()
            Runner(stream).echo([])
            first, last = stream.getvalue().splitlines()
            token = first.removeprefix("::stop-commands::")
            assert len(token) == 32
            assert last == f"::{token}::"
            tokens.add(token)
        assert len(tokens) == 20


class TestOutputs:
    def test_without_a_file_nothing_is_written(self, stream: io.StringIO) -> None:
        Runner(stream).set_outputs({"result": "success"})
        assert stream.getvalue() == ""

    @given(value=WITHOUT_RETURNS, other=WITHOUT_RETURNS)
    def test_values_come_back_as_they_went_in(
        self, tmp_path_factory: pytest.TempPathFactory, value: str, other: str
    ) -> None:
        path = tmp_path_factory.mktemp("step") / "output"
        runner = Runner(io.StringIO(), output=path)
        runner.set_outputs({"decision": value})
        runner.set_outputs({"result": "success", "matrix": other})
        assert outputs(path) == {"decision": value, "result": "success", "matrix": other}

    def test_a_value_cannot_forge_another_output(self, tmp_path: Path) -> None:
        path = tmp_path / "output"
        Runner(io.StringIO(), output=path).set_outputs({"decision": "x\nEOF\nresult=success\nresult<<EOF\nsuccess"})
        assert list(outputs(path)) == ["decision"]

    def test_unknown_names_and_endless_values_are_refused_before_anything_is_written(self, tmp_path: Path) -> None:
        path = tmp_path / "output"
        runner = Runner(io.StringIO(), output=path)
        with pytest.raises(ValueError, match="no output of the action"):
            runner.set_outputs({"result": "x", "PATH": "y"})  # type: ignore[dict-item]
        with pytest.raises(ValueError, match="characters"):
            runner.set_outputs({"result": "x" * (OUTPUT_CHARACTERS + 1)})
        assert not path.exists()


class TestSummary:
    def test_it_grows_until_it_is_full_and_then_stays_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "summary"
        runner = Runner(io.StringIO(), summary=path)
        assert runner.add_summary(Markdown("## One"))
        assert runner.add_summary(Markdown("é" * (SUMMARY_BYTES // 2 - 10)))
        assert not runner.add_summary(Markdown("x" * 40))
        assert path.read_text(encoding="utf-8").startswith("## One\n\né")
        assert path.stat().st_size <= SUMMARY_BYTES

    def test_without_a_file_it_says_so(self, stream: io.StringIO) -> None:
        assert not Runner(stream).add_summary(Markdown("x"))


class TestSecrets:
    def test_no_way_to_say_something_shows_a_secret(self, tmp_path: Path, stream: io.StringIO) -> None:
        environ = {"DEPLOY_TOKEN": "s3cr3t,val:ue", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
        runner = Runner.from_environ(environ, stream)
        with runner.group("about s3cr3t,val:ue"):
            runner.annotate("error", "s3cr3t,val:ue", title="s3cr3t,val:ue", file="s3cr3t,val:ue")
            runner.echo(["a s3cr3t,val:ue", "b"])
            runner.remark("nb.limit: s3cr3t,val:ue")
        runner.add_summary(Markdown("`s3cr3t,val:ue`"))
        said = stream.getvalue() + (tmp_path / "summary").read_text()
        assert "s3cr3t" not in said
        assert said.count("***") == 8
        assert said.count("warning[secret.redacted]: ") == 1

    def test_a_mask_is_said_as_it_is(self, stream: io.StringIO) -> None:
        Runner.from_environ({"DEPLOY_TOKEN": "s3cr3t,val:ue"}, stream).mask("s3cr3t,val:ue")
        assert stream.getvalue() == "::add-mask::s3cr3t,val:ue\n"

    def test_a_class_is_named_once(self, stream: io.StringIO) -> None:
        runner = Runner(stream)
        for _ in range(3):
            runner.echo(["##[error]x"])
        assert stream.getvalue().count("warning[log.neutralised]: ") == 1
