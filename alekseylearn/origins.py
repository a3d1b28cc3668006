"""What the names of a notebook stand for, as far as makers go: which class, function or library made what."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest

from alekseylearn.knowledge import training
from alekseylearn.units import Klass, Unit, bindings, imported, inside, spelled

Origins = frozenset[str]
"""Where a value comes from: `sklearn.svm.SVC`, `class Net` (an object of it), `type Net`, `def helper`, `(value)`."""

UNKNOWN: Origins = frozenset()


@dataclass(slots=True)
class Names:
    """The names of the notebook after the statements read so far."""

    modules: dict[str, str] = field(default_factory=dict)
    makers: dict[str, Origins] = field(default_factory=dict)
    functions: dict[str, Unit] = field(default_factory=dict)
    classes: dict[str, Klass] = field(default_factory=dict)
    stars: set[str] = field(default_factory=set)
    lambdas: dict[ast.Lambda, str] = field(default_factory=dict)
    known: dict[tuple[Unit | Klass, str], Origins] = field(default_factory=dict)

    # -- reading ------------------------------------------------------------------------------------------------

    def define(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, *, outer: Unit | None = None, within: str = ""
    ) -> str:
        """Take in a function or method; return its key."""
        key = f"def {within or (outer.name if outer else '')}.{node.name}".replace("def .", "def ")
        self.functions[key] = self.unit(node, outer=outer, owner=within)
        return key

    def unit(self, node: ast.FunctionDef | ast.AsyncFunctionDef, *, outer: Unit | None, owner: str) -> Unit:
        """Read the body of a function."""
        given = [*node.args.posonlyargs, *node.args.args]
        pairs = list(zip_longest(reversed(given), reversed(node.args.defaults)))
        pairs += list(zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True))
        made = Unit(
            node.name,
            node.body,
            tuple(argument.arg for argument in (*given, *node.args.kwonlyargs)),
            {argument.arg: default for argument, default in pairs if argument and default},
            owner=owner,
            outer=outer,
        )
        for statement in node.body:
            self.local(statement, made)
        return made

    def local(self, statement: ast.stmt, unit: Unit) -> None:
        """Take in what a statement of a function binds."""
        for node in inside(statement):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                unit.own[node.name] = self.define(node, outer=unit)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                for name, module in imported(node):
                    self.modules.setdefault(name, module)
            for target, value in bindings(node):
                if isinstance(target, ast.Name):
                    unit.bound[target.id].append(value)
                elif isinstance(target, ast.Attribute) and _is_self(target.value) and unit.owner:
                    self.classes[unit.owner].attributes[target.attr].append((value, unit))

    def klass(self, node: ast.ClassDef) -> None:
        """Take in a class."""
        bases = tuple(self.dotted(base) or spelled(base) for base in node.bases)
        made = self.classes[node.name] = Klass(node.name, bases)
        top = Unit(node.name, node.body)
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                made.methods[statement.name] = self.unit(statement, outer=None, owner=node.name)
            else:
                for target, value in (pair for part in inside(statement) for pair in bindings(part)):
                    if isinstance(target, ast.Name):
                        made.attributes[target.id].append((value, top))
        self.makers[node.name] = frozenset({f"type {node.name}"})
        self.modules.pop(node.name, None)

    def read(self, statement: ast.stmt, cell: Unit) -> None:
        """Take in what a statement of a cell binds: by itself it replaces, in loops and branches it adds."""
        self.known.clear()
        for node in inside(statement):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self.makers[node.name] = frozenset({self.define(node)})
                self.modules.pop(node.name, None)
            elif isinstance(node, ast.ClassDef):
                self.klass(node)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                self.import_(node)
                if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
                    self.star((node.module or "").partition(".")[0])
            for target, value in bindings(node):
                if isinstance(target, ast.Name):
                    before = UNKNOWN if node is statement else self.makers.get(target.id, UNKNOWN)
                    self.makers[target.id] = before | self.origins(value, cell)
                    self.modules.pop(target.id, None)

    def import_(self, node: ast.Import | ast.ImportFrom) -> None:
        """Take in an import; functions of a module that the notebook itself wrote are followed."""
        for name, module in imported(node):
            self.modules[name] = module
            if f"def {module}" in self.functions:
                self.makers[name] = frozenset({f"def {module}"})
            else:
                self.makers.pop(name, None)

    def star(self, library: str) -> None:
        """Take in `from library import *`; some libraries bring others under the names that everybody gives them."""
        self.stars.add(library)
        for name, module in training.BROUGHT.get(library, {}).items():
            if name not in self.makers:
                self.modules.setdefault(name, module)

    # -- looking up ---------------------------------------------------------------------------------------------

    def dotted(self, node: ast.expr) -> str:
        """Return the dotted name of what belongs to a module, '' for everything else."""
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.insert(0, node.attr)
            node = node.value
        root = self.modules.get(node.id, "") if isinstance(node, ast.Name) else ""
        return ".".join((root, *names)) if root else ""

    def called(self, call: ast.Call) -> str:
        """Return the last name of what is called, as its module calls it: `make_pipeline`, however it was imported."""
        return (self.dotted(call.func) or spelled(call.func)).rpartition(".")[2]

    def origins(self, node: ast.expr | None, unit: Unit) -> Origins:
        """Find out where the value of *node*, which stands in *unit*, comes from."""
        match node:
            case ast.Name(id=name):
                return self._name(name, unit)
            case ast.Call():
                return self._called(node, unit)
            case ast.Attribute(value=base, attr=attribute):
                return self._attribute(node, base, attribute, unit)
            case (
                ast.Subscript(value=part) | ast.Starred(value=part) | ast.Await(value=part) | ast.NamedExpr(value=part)
            ):
                return self.origins(part, unit)
            case (
                ast.List(elts=parts)
                | ast.Tuple(elts=parts)
                | ast.Set(elts=parts)
                | ast.Dict(values=parts)
                | ast.BoolOp(values=parts)
            ):
                return self._any(parts, unit) or frozenset({"(value)"})
            case ast.ListComp(elt=part) | ast.SetComp(elt=part) | ast.GeneratorExp(elt=part) | ast.DictComp(value=part):
                return self.origins(part, unit)
            case ast.IfExp(body=first, orelse=second):
                return self._any((first, second), unit)
            case ast.Lambda(body=body):
                return frozenset({self._lambda(node, body, unit)})
            case ast.Constant() | ast.BinOp() | ast.Compare() | ast.JoinedStr():
                return frozenset({"(value)"})
            case _:
                return UNKNOWN

    def method(self, klass: str, name: str) -> Unit | None:
        """Find the method *name* of a class of the notebook, also in its bases."""
        waiting, seen = [klass], set[str]()
        while waiting:
            found = self.classes.get(waiting.pop(0))
            if found is None or found.name in seen:
                continue
            if name in found.methods:
                return found.methods[name]
            seen.add(found.name)
            waiting += found.bases
        return None

    def _any(self, nodes: Iterable[ast.expr | None], unit: Unit) -> Origins:
        found = UNKNOWN.union(*(self.origins(node, unit) for node in nodes))
        return found - {"(value)"} or found

    def _name(self, name: str, unit: Unit) -> Origins:
        around: Unit | None = unit
        while around is not None:
            if around.owner and around.parameters[:1] == (name,):
                return frozenset({f"class {around.owner}"})
            if name in around.own:
                return frozenset({around.own[name]})
            if name in around.bound:
                return self._local(name, around)
            if name in around.parameters:
                # A default is worked out around its function: in `def f(x=x)` the second is another variable.
                return self.origins(around.defaults.get(name), around.outer or _TOP)
            around = around.outer
        dotted = self.modules.get(name)
        return self.makers.get(name, frozenset({dotted}) if dotted else UNKNOWN)

    def _local(self, name: str, unit: Unit) -> Origins:
        key = (unit, name)
        if key not in self.known:
            self.known[key] = UNKNOWN
            self.known[key] = self._any(unit.bound[name], unit)
        return self.known[key]

    def _attribute(self, node: ast.Attribute, base: ast.expr, attribute: str, unit: Unit) -> Origins:
        dotted = self.dotted(node)
        if dotted:
            return frozenset({f"def {dotted}" if f"def {dotted}" in self.functions else dotted})
        owners = self.origins(base, unit)
        found: set[str] = set()
        for owner in owners:
            kind, _, name = owner.partition(" ")
            if kind == "def" and attribute not in ("remote", "delay", "submit"):
                continue
            if kind not in ("class", "type"):
                found.add(owner)
                continue
            klass = self.classes[name]
            method = self.method(name, attribute)
            if method is not None:
                found.add(self._key(method, name))
            key = (klass, attribute)
            if key not in self.known:
                self.known[key] = UNKNOWN
                self.known[key] = UNKNOWN.union(
                    *(self.origins(value, where) for value, where in klass.attributes.get(attribute, ()))
                )
            found |= self.known[key]
        return frozenset(found)

    def _key(self, method: Unit, klass: str) -> str:
        key = f"def {klass}.{method.name}"
        self.functions.setdefault(key, method)
        return key

    def _lambda(self, node: ast.Lambda, body: ast.expr, unit: Unit) -> str:
        if node in self.lambdas:
            return self.lambdas[node]
        key = self.lambdas[node] = f"def lambda {len(self.lambdas)}"
        made = Unit("lambda", [ast.copy_location(ast.Return(value=body), node)], tuple(a.arg for a in node.args.args))
        made.outer = unit
        self.functions[key] = made
        return key

    def _called(self, node: ast.Call, unit: Unit) -> Origins:
        name = self.called(node)
        dotted = self.dotted(node.func)
        parts = [*node.args, *(keyword.value for keyword in node.keywords)]
        if name in training.ASSEMBLING:
            return (
                self._any(parts, unit) - {"(value)"}
                | self._of_object(node.func, unit)
                | frozenset({dotted} if dotted else ())
            )
        if dotted == "dataclasses.field":
            made = (self.functions.get(key) for key in self._functions(parts, unit))
            return UNKNOWN.union(*(self._returned(function) for function in made if function))
        if name in training.WRAPPERS:
            return self._functions(parts, unit) | frozenset({dotted} if dotted else ())
        if dotted and f"def {dotted}" not in self.functions:
            return frozenset({dotted})
        makers = self.origins(node.func, unit)
        found: set[str] = set()
        for maker in makers:
            kind, _, rest = maker.partition(" ")
            if kind == "type":
                found.add(f"class {rest}")
            elif kind == "def" and maker in self.functions:
                found |= self._returned(self.functions[maker])
            else:
                found.add(maker)
        if isinstance(node.func, ast.Name) and not makers and name[:1].isupper():
            found.add(name)
        return frozenset(found)

    def _of_object(self, function: ast.expr, unit: Unit) -> Origins:
        return self.origins(function.value, unit) if isinstance(function, ast.Attribute) else UNKNOWN

    def _functions(self, nodes: Iterable[ast.expr], unit: Unit) -> Origins:
        made = self._any(nodes, unit)
        return frozenset(one for one in made if one in self.functions or one.rpartition(".")[2] in training.GRADIENTS)

    def _returned(self, unit: Unit) -> Origins:
        key = (unit, "")
        if key not in self.known:
            self.known[key] = UNKNOWN
            self.known[key] = self._any(unit.returned, unit)
        return self.known[key]


_TOP = Unit("", ())
"""The statements of cells, where only the names of the notebook are known."""


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"
