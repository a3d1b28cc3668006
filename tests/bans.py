"""Finds in a module what the house does not do, under whatever name it goes there.

A name is followed to where it comes from: `import pickle as p`, `from os import system as s`, `run = os.system`,
`getattr(os, "system")`, `importlib.import_module("pickle")`, `__import__("pickle")`. What is put together only at run
time is nothing that reading finds; so it is banned to ask a module that matters for a name that is not written down.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property

SHELLS = ("os.system", "os.popen", "os.startfile", "subprocess.getoutput", "subprocess.getstatusoutput", "pty.spawn")
SHELLS += ("asyncio.create_subprocess_shell", "popen2", "commands")
PROGRAMS = tuple(f"subprocess.{name}" for name in ("run", "Popen", "call", "check_call", "check_output"))
REPLACING = ("os.exec", "os.spawn", "os.posix_spawn")
PICKLES = (
    "pickle",
    "_pickle",
    "cPickle",
    "marshal",
    "shelve",
    "dill",
    "cloudpickle",
    "joblib",
    "jsonpickle",
    "copyreg",
)
PICKLES += ("pandas.read_pickle", "multiprocessing.reduction", "torch.load", "numpy.load")
UNPACKING = ("extractall", "extract", "unpack_archive", "_extract_member")
LOADERS = ("Loader", "UnsafeLoader", "FullLoader", "CLoader", "CUnsafeLoader", "CFullLoader", "BaseLoader")
YAML = ("load", "load_all", "full_load", "full_load_all", "unsafe_load", "unsafe_load_all", *LOADERS)
CODE = ("eval", "exec", "compile", "__import__", "execfile")
CODE_PLACES = ("runpy", "code.InteractiveInterpreter", "code.interact", "types.FunctionType", "types.CodeType")
VERBS = ("get", "post", "put", "patch", "delete", "head", "options", "request", "send", "urlopen", "urlretrieve")
CONNECTIONS = ("http.client.HTTPConnection", "http.client.HTTPSConnection", "socket.create_connection")
CONNECTIONS += ("urllib3.PoolManager", "urllib3.ProxyManager")
WEAK = ("md5", "sha1", "md4", "new")
FORGING = ("GITHUB_ENV", "GITHUB_PATH")
MODULES = ("os", "subprocess", "pickle", "marshal", "builtins", "yaml", "tarfile", "zipfile", "shutil", "torch", "pty")
"""Modules of which nothing is asked by a name that is put together."""


@dataclass(frozen=True)
class Module:
    """What one module says, and where its names come from."""

    nodes: list[ast.AST]
    names: dict[str, str] = field(default_factory=dict)

    @classmethod
    @cache
    def read(cls, text: str) -> Module:
        """Read *text*; a name that is given twice has the last meaning."""
        module = cls(list(ast.walk(ast.parse(text))))
        for node in module.nodes:
            module.names.update(_given(node))
        for _ in range(3):  # a name for a name for a name
            for node in module.nodes:
                for name, value in _assigned(node):
                    if (origin := module.origin(value)) and name != origin:
                        module.names[name] = origin
        return module

    def origin(self, node: ast.AST) -> str:
        """Return the dotted name of what *node* stands for, from the module that has it; '' where it is unknown."""
        match node:
            case ast.Name(id=name):
                return self.names.get(name, name if hasattr(builtins, name) else "")
            case ast.Attribute(value=value, attr=attr):
                return _joined(self.origin(value), attr)
            case ast.NamedExpr(value=value):
                return self.origin(value)
            case ast.Subscript(value=ast.Attribute(value=of, attr="__dict__"), slice=ast.Constant(value=str(attr))):
                return _joined(self.origin(of), attr)
            case ast.Subscript(value=ast.Call(func=function, args=[of]), slice=ast.Constant(value=str(attr))) if (
                self.origin(function) in ("vars", "builtins.vars")
            ):
                return _joined(self.origin(of), attr)
            case ast.Subscript(value=modules, slice=ast.Constant(value=str(name))) if (
                self.origin(modules) == "sys.modules"
            ):
                return name
            case ast.Call(func=function, args=[of, ast.Constant(value=str(attr)), *_]) if self.origin(function) in (
                "getattr",
                "builtins.getattr",
                "operator.attrgetter",
            ):
                return _joined(self.origin(of), attr)
            case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]) if self.origin(function) in (
                "__import__",
                "builtins.__import__",
                "importlib.import_module",
                "importlib.__import__",
            ):
                return name
        return ""

    @cached_property
    def origins(self) -> list[tuple[ast.AST, str]]:
        """Every node that stands for something known, the imports among them."""
        imported = [
            (node, origin)
            for node in self.nodes
            if isinstance(node, ast.Import | ast.ImportFrom)
            for _, origin in _given(node)
        ]
        used = [(node, self.origin(node).removeprefix("builtins.")) for node in self.nodes]
        return [*imported, *((node, origin) for node, origin in used if origin)]

    @cached_property
    def calls(self) -> list[tuple[ast.Call, str]]:
        """Every call with the origin of what is called; where that is unknown, with its last name alone."""
        return [
            (node, self.origin(node.func).removeprefix("builtins.") or _last(node.func))
            for node in self.nodes
            if isinstance(node, ast.Call)
        ]


def _given(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the names that an import gives, with what they stand for."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            whole = alias.asname is not None
            yield (alias.asname or alias.name.partition(".")[0]), alias.name if whole else alias.name.partition(".")[0]
            if not whole and "." in alias.name:
                yield alias.name, alias.name
    elif isinstance(node, ast.ImportFrom) and not node.level:
        for alias in node.names:
            yield (alias.asname or alias.name), f"{node.module}.{alias.name}"


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that a statement, or a walrus, gives to values."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                    pairs = zip(target.elts, value.elts, strict=False)
                    yield from ((each.id, given) for each, given in pairs if isinstance(each, ast.Name))
                elif isinstance(target, ast.Name):
                    yield target.id, value
        case ast.NamedExpr(target=ast.Name(id=name), value=value):
            yield name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value


def _last(node: ast.expr) -> str:
    return f".{node.attr}" if isinstance(node, ast.Attribute) else ""


def _joined(origin: str, attr: str) -> str:
    return f"{origin}.{attr}" if origin else ""


def _under(origin: str, *names: str) -> bool:
    return any(origin == name or origin.startswith(f"{name}.") for name in names)


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _is(value: ast.expr | None, constant: object) -> bool:
    return isinstance(value, ast.Constant) and value.value is constant


def _is_text(node: ast.expr) -> bool:
    """Tell whether *node* is one text, and no list of words."""
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.BinOp(left=left, right=right):
            return _is_text(left) or _is_text(right)
        case ast.Call(func=ast.Attribute(attr="format" | "join" | "strip" | "decode")):
            return True
    return False


def _is_script(node: ast.AST) -> bool:
    """Tell whether *node* is `[..., "sh", "-c", script]` with a script that is not written down in the source."""
    words = node.elts if isinstance(node, ast.List | ast.Tuple) else []
    for word, option, script in zip(words, words[1:], words[2:], strict=False):
        if isinstance(word, ast.Constant) and isinstance(option, ast.Constant):
            shell = str(word.value).rpartition("/")[2] in ("sh", "bash", "dash", "zsh", "ksh")
            written = isinstance(script, ast.Constant) or (isinstance(script, ast.Name) and script.id.isupper())
            if shell and re.fullmatch(r"-[a-z]*c", str(option.value)) and not written:
                return True
    return False


def shells(module: Module) -> Iterator[ast.AST]:
    """A shell, and a program that is named in one text instead of by its words."""
    yield from (node for node, origin in module.origins if _under(origin, *SHELLS))
    for call, origin in module.calls:
        shell = _keyword(call, "shell")
        if shell is not None and not _is(shell, False) and (origin in PROGRAMS or origin.startswith(".")):
            yield call
        if origin in PROGRAMS and call.args and _is_text(call.args[0]):
            yield call
    yield from filter(_is_script, module.nodes)


def replacing(module: Module) -> Iterator[ast.AST]:
    """A program in our place, with an environment that nobody chose."""
    yield from (node for node, origin in module.origins if origin.startswith(REPLACING))


def unpacking(module: Module) -> Iterator[ast.AST]:
    """An archive unpacked by tarfile, zipfile or shutil."""
    yield from (call for call, origin in module.calls if origin.rpartition(".")[2] in UNPACKING)
    yield from (node for node, origin in module.origins if origin == "shutil.unpack_archive")


def yaml(module: Module) -> Iterator[ast.AST]:
    """YAML read by another loader than ours."""
    yield from (node for node, origin in module.origins if origin in {f"yaml.{name}" for name in YAML})


def pickles(module: Module) -> Iterator[ast.AST]:
    """Data that brings code along."""
    yield from (node for node, origin in module.origins if _under(origin, *PICKLES))


def code(module: Module) -> Iterator[ast.AST]:
    """Code made from text."""
    yield from (node for node in module.nodes if isinstance(node, ast.Name) and node.id == "__builtins__")
    yield from (node for node, origin in module.origins if origin in CODE or _under(origin, *CODE_PLACES))


def asked(module: Module) -> Iterator[ast.AST]:
    """A name of a module that matters, or a module, that is put together at run time; or all names of one at once."""
    for node in module.nodes:
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            yield node
    for call, origin in module.calls:
        if origin in ("getattr", "operator.attrgetter") and len(call.args) > 1:
            of = module.origin(call.args[0])
            if of in MODULES and not isinstance(call.args[1], ast.Constant):
                yield call
        if origin in ("importlib.import_module", "importlib.__import__") and not isinstance(call.args[0], ast.Constant):
            yield call


def guessed(module: Module) -> Iterator[ast.AST]:
    """A name guessed from the temporary folder."""
    names = ("tempfile.mktemp", "os.tempnam", "os.tmpnam")
    yield from (node for node, origin in module.origins if origin in names)


def endless(module: Module) -> Iterator[ast.AST]:
    """A request that may wait for ever."""
    for call, origin in module.calls:
        where, _, verb = origin.rpartition(".")
        of = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
        asks = where in ("requests", "requests.api", "urllib.request") or of.lower().endswith(("session", "session()"))
        if origin in CONNECTIONS and _keyword(call, "timeout") is None:
            yield call
        if asks and verb in VERBS:
            timeout = _keyword(call, "timeout")
            if timeout is None or _is(timeout, None):
                yield call


def unverified(module: Module) -> Iterator[ast.AST]:
    """A certificate that nobody checks."""
    for node in module.nodes:
        match node:
            case ast.keyword(arg="verify" | "check_hostname", value=ast.Constant(value=False)):
                yield node
            case ast.Assign(targets=[ast.Attribute(attr="verify" | "check_hostname")], value=ast.Constant(value=False)):
                yield node
    names = ("ssl._create_unverified_context", "ssl.CERT_NONE", "urllib3.disable_warnings")
    yield from (node for node, origin in module.origins if origin in names)


def weak(module: Module) -> Iterator[ast.AST]:
    """A checksum that can be forged, unless it says that nothing depends on that."""
    for call, origin in module.calls:
        if origin in {f"hashlib.{name}" for name in WEAK} and not _is(_keyword(call, "usedforsecurity"), False):
            yield call


def chance(module: Module) -> Iterator[ast.AST]:
    """Chance that nobody gave: a name made of it cannot be made again."""
    yield from (node for node, origin in module.origins if _under(origin, "random", "uuid"))


def nbdime(module: Module) -> Iterator[ast.AST]:
    """A library that starts programs by what it finds beside itself."""
    yield from (node for node, origin in module.origins if _under(origin, "nbdime", "git", "jupyter_core"))


def forging(module: Module) -> Iterator[ast.AST]:
    """A file by which one step of a workflow changes the programs of the next."""
    for node in module.nodes:
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and any(name in node.value for name in FORGING)
        ):
            yield node


BANS: dict[str, Callable[[Module], Iterator[ast.AST]]] = {
    ban.__name__: ban
    for ban in (
        *(shells, replacing, unpacking, yaml, pickles, code, asked, guessed),
        *(endless, unverified, weak, chance, nbdime, forging),
    )
}


def lines(ban: str, text: str) -> list[int]:
    """Return the lines of *text* where there is what *ban* is about."""
    return sorted({getattr(node, "lineno", 0) for node in BANS[ban](Module.read(text))})
