"""IPython's own syntax turned into plain Python, line for line.

The grammar is the one of the page "Built-in magic commands" and "IPython reference" of IPython's documentation.
"""

from __future__ import annotations

import ast
import re
import shlex
import warnings
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from keyword import iskeyword

from alekseylearn.syntax import too_much

_CELL_MAGIC = re.compile(r"%%(!|\w+)[ \t]*(.*)\Z")
_LINE_MAGIC = re.compile(
    r"(?P<indent>\s*+)(?:(?P<target>[A-Za-z_][\w.,\s\[\]'\"]*+)=\s*+)?(?P<sign>!!?|%)(?P<rest>.+)\Z"
)
_HELP = re.compile(r"(?P<indent>\s*)(?:\?{1,2}[\w.*%]+|%{0,2}[\w.*\[\]'\"]+\?{1,2})\s*(?:#.*)?\Z")
_INSTALL = re.compile(
    r"(?:sudo\s+)?(?:(?:python[\d.]*|\{sys\.executable\}|\$?sys\.executable)\s+-m\s+)?(?:uv\s+)?"
    r"(?:pip[\d.]*|conda|mamba)\s+install\s+(?P<what>.*)\Z"
)
_MOST_AROUND, _MOST_WORDS = 10, 10_000  # cell magics around a cell; characters that are read as a shell would
_LOOKS_ONLY = re.compile(
    r"(?:ls|pwd|nvidia-smi|cat|head|tail|which|free|df|du|wc|tree|nproc|lscpu|date|whoami|uname|pip3?\s+(?:list|show|freeze)|echo)\b"
    r"[^>|&;`$]*\Z"
)
_OPTIONS_WITH_VALUE = frozenset(
    {"-i", "--index-url", "--extra-index-url", "-f", "--find-links", "-c", "--constraint", "-t"}
)

# Magics whose line or body is Python that runs as it stands.
_RUNS_BODY = frozenset({"time", "capture", "prun", "snakeviz", "memit", "mprun", "lprun", "scalene"})
_OTHER_LANGUAGE = frozenset(
    {
        "html", "javascript", "js", "latex", "markdown", "svg", "perl", "ruby", "r", "sql", "bigquery", "timeit",
        "mermaid",
    }
)  # fmt: skip
_SHELLS = frozenset({"bash", "sh", "script", "system", "sx", "!"})
_NOTHING_TO_TRAIN = frozenset(
    {
        "matplotlib", "config", "load_ext", "reload_ext", "unload_ext", "autoreload", "aimport", "timeit",
        "who", "who_ls", "whos", "pylab", "precision", "pdb", "debug", "xmode", "pinfo", "pinfo2", "pdoc",
        "psource", "lsmagic", "magic", "history", "hist", "recall", "notebook", "tensorboard", "colors",
        "memit", "pwd", "ls", "ll", "cat", "watermark", "quickref", "page", "logstart", "logstop", "dirs",
        "pycat", "nbdev_export", "nbdev_hide",
        # Our own: what asks for a training, or looks after one, is no part of it.
        "slice", "fit", "runs", "status", "stop",
    }
)  # fmt: skip
_ENVIRONMENT = {"env": "changes os.environ", "set_env": "changes os.environ", "cd": "changes the working directory"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """Plain Python with as many lines as the cell had, and what its magics do besides.

    `requirements` are what `pip install` lines named; `shell` says that a shell command runs; `effects` are words for
    what changes outside the variables; `writes` and `runs` are the files of `%%writefile` and `%run`; `fetched` are the
    variables that `%fetch` fills in a live notebook, and nowhere else.
    """

    code: str
    requirements: tuple[str, ...] = ()
    shell: bool = False
    effects: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    fetched: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def read_python(code: str) -> ast.Module | str:
    """Parse *code*, or say why it is not Python. What a notebook's code warns about is not ours to show.

    The same code gives the same tree: whoever reads it leaves it as it is.
    """
    if too_much([code]):
        return "it is too large to be read"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(code)
        except SyntaxError as error:
            return f"line {error.lineno}: {error.msg}"
        except (ValueError, RecursionError, MemoryError):
            return "it is nested too deeply, or holds characters that no code may hold"


def parse_python(code: str) -> ast.Module | None:
    """Parse *code*; None when it is not Python."""
    tree = read_python(code)
    return None if isinstance(tree, str) else tree


@lru_cache(maxsize=4096)
def translate(source: str, depth: int = 0) -> Translation:
    """Turn the IPython syntax of *source* into plain Python with the same number of lines.

    A cell that is Python already, or stays unreadable, comes back as it is. *depth* cell magics stand around it.
    """
    if depth > _MOST_AROUND or too_much([source]) or parse_python(source) is not None:
        return Translation(code=source)
    lines = source.split("\n")
    start = next((number for number, line in enumerate(lines) if line.strip()), 0)
    match = _CELL_MAGIC.match(lines[start].strip())
    if match is not None:
        return _cell_magic(match[1], match[2], blank=start, body=lines[start + 1 :], depth=depth)
    return _Lines().translate(lines)


def _cell_magic(name: str, arguments: str, *, blank: int, body: list[str], depth: int) -> Translation:
    """Translate a cell whose first line that says something is `%%name arguments`."""
    after = "\n" * len(body)
    above = "\n" * blank
    text = "\n".join(body)
    if name in _RUNS_BODY:
        inner = translate(text, depth + 1)
        caught = next((word for word in _words(arguments) if word.isidentifier()), None)
        if name == "capture" and caught is not None:
            return replace(inner, code=above + _captured(caught, inner.code, after))
        code = above + ("\n" + inner.code if body else "")
        return replace(inner, code=code)
    if name.lower() in _OTHER_LANGUAGE:
        return Translation(code=above + after)
    if name in ("writefile", "file"):
        words = _words(arguments)
        mode = "a" if {"-a", "--append"} & set(words) else "w"
        path = words[-1] if words else ""
        write = f"with open({path!r}, {mode!r}) as _written: _written.write({text + chr(10)!r})"
        return Translation(code=above + write + after, writes=(path,))
    if name in _SHELLS:
        return _shell_cell(name, arguments, text, above=above, after=after)
    call = f"get_ipython().run_cell_magic({name!r}, {arguments!r}, {text!r})"
    return Translation(code=above + call + after, effects=(f"runs the magic `%%{name}`",))


def _captured(name: str, code: str, after: str) -> str:
    """Write down that what *code* prints is caught under *name*: all its lines stay where they are, one space in."""
    head = f"with get_ipython().capture() as {name}:"
    tree = read_python(code)
    if isinstance(tree, str):
        return f"\n{code}"
    if not tree.body:
        return f"{head} pass{after}"
    scanner = _Scanner()
    lines = [head]
    for line in code.split("\n"):
        lines.append(line if scanner.in_string else f" {line}")
        scanner.read(line)
    return "\n".join(lines)


def _shell_cell(name: str, arguments: str, text: str, *, above: str, after: str) -> Translation:
    commands = [line.strip() for line in text.split("\n") if line.strip() and not line.strip().startswith("#")]
    found = [_INSTALL.match(command) for command in commands]
    requirements = tuple(word for match in found if match for word in _requirements(match["what"]))
    if all(match or _LOOKS_ONLY.match(command) for match, command in zip(found, commands, strict=True)):
        return Translation(code=above + after, requirements=requirements)
    magic = "bash" if name == "!" else name
    call = f"get_ipython().run_cell_magic({magic!r}, {arguments!r}, {text!r})"
    done = Translation(code=above + call + after, requirements=requirements, effects=("runs a shell command",))
    return replace(done, shell=True)  # noqa: S604  # nosec B604 # a field of that name, nothing is run here


@dataclass(slots=True)
class _Lines:
    """Goes through the lines of one cell, leaves Python alone and collects what the magics mean."""

    requirements: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    shell: bool = False

    def translate(self, lines: list[str]) -> Translation:
        made: list[str] = []
        scanner = _Scanner()
        waiting = list(reversed(lines))
        while waiting:
            line = waiting.pop()
            if not scanner.at_statement or not self._is_magic(line):
                scanner.read(line)
                made.append(line)
                continue
            parts = [line]
            while parts[-1].endswith("\\") and waiting:
                parts[-1] = parts[-1][:-1]
                parts.append(waiting.pop().strip())
            made += [self._line("".join(parts))] + [""] * (len(parts) - 1)
        return Translation(  # nosec B604 # a field of that name, nothing is run here
            code="\n".join(made),
            requirements=tuple(self.requirements),
            shell=self.shell,
            effects=tuple(dict.fromkeys(self.effects)),
            runs=tuple(self.runs),
            fetched=tuple(self.fetched),
        )

    def _is_magic(self, line: str) -> bool:
        return _LINE_MAGIC.match(line) is not None or _HELP.match(line) is not None

    def _line(self, line: str) -> str:
        """One magic line as Python, with the same indentation."""
        match = _LINE_MAGIC.match(line)
        if match is None or _HELP.match(line):
            return line[: len(line) - len(line.lstrip())] + "pass"
        indent, target, rest = match["indent"], (match["target"] or "").rstrip() or None, match["rest"].strip()
        if match["sign"] != "%":
            return indent + self._command(target, rest)
        name, _, arguments = rest.lstrip("%").partition(" ")
        return indent + self._magic(target, name, arguments.strip())

    def _command(self, target: str | None, command: str) -> str:
        install = _INSTALL.match(command)
        if install:
            self.requirements += _requirements(install["what"])
        if target is not None:
            return f"{target} = get_ipython().getoutput({_interpolated(command)})"
        if install or _LOOKS_ONLY.match(command):
            return "pass"
        self.shell = True
        self.effects.append("runs a shell command")
        return f"get_ipython().system({_interpolated(command)})"

    def _magic(self, target: str | None, name: str, arguments: str) -> str:
        if name in ("pip", "conda", "mamba", "uv"):
            return self._command(target, f"{name} {arguments}")
        if name in _SHELLS:
            return self._command(target, arguments)
        if name == "fetch":
            return self._fetch(target, arguments)
        if target is not None:
            return f"{target} = get_ipython().run_line_magic({name!r}, {arguments!r})"
        if name in _NOTHING_TO_TRAIN or (name in _RUNS_BODY and not arguments):
            return "pass"
        if name in _RUNS_BODY:
            return re.sub(r"^(?:-\w+(?:[ =]\d+)?\s+)+", "", arguments)
        if name == "run":
            return self._run(arguments)
        self.effects.append(_ENVIRONMENT.get(name, f"runs the magic `%{name}`"))
        return f"get_ipython().run_line_magic({name!r}, {arguments!r})"

    def _fetch(self, target: str | None, arguments: str) -> str:
        """Bind the variables of a fetched model to nothing: it is for people, and no part of a training."""
        words = _words(arguments.replace("--into=", "--into "))
        into = next((after for word, after in pairwise(words) if word == "--into"), "model")
        names = [name for name in (target, into, f"{into}_base" if "--base" in words else "") if name]
        if not all(name.isidentifier() and not iskeyword(name) for name in names):
            return "pass"
        self.fetched += names
        return " = ".join([*names, "None"])

    def _run(self, arguments: str) -> str:
        files = [word for word in _words(arguments) if not word.startswith("-")]
        path = files[0] if files else ""
        path = path if path.endswith((".py", ".ipynb")) else path + ".py"
        self.runs.append(path)
        self.effects.append(f"runs `{path}`")
        return run_statement(path)


def run_statement(path: str) -> str:
    """Write `%run` of *path* in plain Python: run the file as a program, then take over its names."""
    return f"globals().update(__import__('runpy').run_path({path!r}, run_name='__main__'))"


class _Scanner:
    """Knows whether the next line begins a statement, or stands inside a string, a bracket or a continued line."""

    def __init__(self) -> None:
        self._depth = 0
        self._quote = ""
        self._continued = False

    @property
    def at_statement(self) -> bool:
        """Whether a statement may begin on the next line."""
        return not (self._depth or self._quote or self._continued)

    @property
    def in_string(self) -> bool:
        """Whether the next line goes on with a string."""
        return bool(self._quote)

    def read(self, line: str) -> None:
        """Take *line* in."""
        position = 0
        while position < len(line):
            character = line[position]
            if self._quote:
                position += self._in_string(line, position)
            elif character == "#":
                break
            elif character in "\"'":
                self._quote = character * 3 if line.startswith(character * 3, position) else character
                position += len(self._quote)
            else:
                self._depth = max(0, self._depth + (character in "([{") - (character in ")]}"))
                position += 1
        self._continued = line.endswith("\\")
        if len(self._quote) == 1 and not self._continued:
            self._quote = ""

    def _in_string(self, line: str, position: int) -> int:
        if line[position] == "\\":
            return 2
        if not line.startswith(self._quote, position):
            return 1
        length = len(self._quote)
        self._quote = ""
        return length


def _interpolated(command: str) -> str:
    """*command* as a Python string literal; `{name}` in it is filled in as IPython does."""
    if "{" in command:
        filled = "f" + repr(command)
        if parse_python(filled) is not None:
            return filled
    return repr(command)


def _requirements(arguments: str) -> list[str]:
    """Find the requirements in the arguments of `pip install`, without its options."""
    found: list[str] = []
    words = iter(_words(arguments))
    for word in words:
        if word in ("-r", "--requirement", "-e", "--editable"):
            found.append(f"{'-r' if 'r' in word[:3] else '-e'} {next(words, '')}".strip())
        elif word in _OPTIONS_WITH_VALUE:
            next(words, None)
        elif word in ("&&", ";", "|", ">", "2>&1", ">>"):
            break
        elif not word.startswith(("-", ">", "#")):
            found.append(word)
    return found


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=False) if len(text) <= _MOST_WORDS else text.split()
    except ValueError:
        return text.split()
