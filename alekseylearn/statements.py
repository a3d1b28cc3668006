"""Statements as events, in the order in which Python runs them; code that may not run stands between Enter and Exit."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from alekseylearn.events import (
    NOTHING,
    Assign,
    Call,
    Function,
    Import,
    Make,
    Operate,
    Return,
    Star,
    Store,
    Value,
)
from alekseylearn.expressions import CONTAINER, ClassScope, ExpressionReader, dotted
from alekseylearn.loops import hand_overs
from alekseylearn.syntax import children, walk


@dataclass(slots=True)
class StatementReader(ExpressionReader):
    """Writes down the events of statements.

    `runs` are the statements that stand for `%run`, with their files; `outside` the renamed names that methods of a
    class still see; `shared` what the function being read declares `global` or `nonlocal`.
    """

    runs: dict[str, str] = field(default_factory=dict)
    outside: dict[str, str] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    in_loop: bool = False
    in_class: bool = False

    def block(self, body: Sequence[ast.stmt]) -> None:
        """Read statements, one after the other."""
        for statement in body:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        """Read one statement."""
        match node:
            case ast.Expr(value=value):
                self.shown(value)
            case ast.Assign(targets=targets, value=value):
                self.assign(targets, value)
            case ast.AugAssign():
                self.update(node)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.assign([target], value)
            case ast.For() | ast.AsyncFor() | ast.While():
                self.loop(node)
            case ast.If() | ast.Try() | ast.TryStar() | ast.Match():
                self.branch(node)
            case ast.With() | ast.AsyncWith():
                self.within(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self.definition(node)
            case _:
                self.simple(node)

    def simple(self, node: ast.stmt) -> None:
        """Read a statement without a block."""
        match node:
            case ast.Import() | ast.ImportFrom():
                self.import_(node)
            case ast.Delete(targets=targets):
                for target in targets:
                    self.delete(target)
            case ast.Return(value=value):
                self.events.append(Return(self.value(value) if value else NOTHING))
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                self.shared.update(names)
            case _:
                for child in [child for child in children(node) if isinstance(child, ast.expr)]:
                    self.value(child)

    def import_(self, node: ast.Import | ast.ImportFrom) -> None:
        """Read an import; `import a.b` binds `a`, and is noted as what loads `a.b`."""
        for alias in node.names:
            if isinstance(node, ast.Import):
                bound = alias.asname or alias.name.partition(".")[0]
                self.imported(bound, alias.name if alias.asname else bound)
                if bound != alias.name and not alias.asname:
                    self.events.append(Import(f"%import {alias.name}", alias.name))
                continue
            source = "." * node.level + (node.module or "")
            if alias.name == "*":
                self.events.append(Star(source))
            else:
                self.imported(alias.asname or alias.name, f"{source}{'.' if node.module else ''}{alias.name}")

    def imported(self, name: str, module: str) -> None:
        """Bind *name* to *module*."""
        self.events.append(Import(self.own(name), module))

    def shown(self, node: ast.expr) -> Value:
        """Read an expression whose value nothing takes, unless IPython shows it."""
        path = self.runs.get(ast.unparse(node)) if self.runs else None
        if path is not None:
            self.events.append(Star(path))
            return NOTHING
        return self.call(node, discarded=True) if isinstance(node, ast.Call) else self.value(node)

    def assign(self, targets: Sequence[ast.expr], value: ast.expr) -> None:
        """Read `targets = value`."""
        first = targets[0]
        if (
            len(targets) == 1
            and isinstance(first, ast.Tuple | ast.List)
            and isinstance(value, ast.Tuple | ast.List)
            and len(first.elts) == len(value.elts)
            and not any(isinstance(part, ast.Starred) for part in (*first.elts, *value.elts))
            and all(isinstance(part, ast.Name) for part in first.elts)
        ):
            values = [self.value(part) for part in value.elts]
            names = [self.own(part.id) for part in first.elts if isinstance(part, ast.Name)]
            self.events.append(Assign(tuple(zip(names, values, strict=True))))
            return
        made = self.value(value)
        for target in targets:
            self.bind(target, made)

    def bind(self, target: ast.expr, value: Value) -> None:
        """Bind *target* to *value*."""
        match target:
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                items = self.goes_through(value)
                star = next((number for number, part in enumerate(parts) if isinstance(part, ast.Starred)), len(parts))
                for number, part in enumerate(parts):
                    if isinstance(part, ast.Starred):
                        self.bind(part.value, self.make(items, origin=CONTAINER))
                    else:
                        place = number if number < star else number - len(parts)
                        found = self.got(value, index=place)
                        self.bind(part, Value(same=found.same | items.same))
            case ast.Subscript(value=base, slice=index):
                self.value(index)
                self.events.append(Store(target=self.value(base), value=value, path=self.own_path(dotted(base))))
            case ast.Attribute(value=base, attr=name):
                path = dotted(base)
                path = (*path, name) if path else ()
                owner = self.value(base)
                self.events.append(Store(target=owner, value=value, path=self.own_path(path), attribute=name))
            case _:
                names = [part.id for part in walk(target) if isinstance(part, ast.Name)]
                self.events.append(Assign(tuple((self.own(name), value) for name in names)))

    def update(self, node: ast.AugAssign) -> None:
        """Read `target += value`: where the target is a list or an array, this changes it itself."""
        target, value = node.target, node.value
        before = self.value(target)
        made = self.value(value)
        result = before | self.operator(node.op, (before, made))
        if isinstance(target, ast.Name):
            name = self.renamed.get(target.id, target.id)
            self.events.append(Store(target=before, value=made, path=(name,)))
            self.events.append(Assign(((self.own(target.id), result),)))
        else:
            self.events.append(Store(target=before, value=made))
            self.bind(target, result | made)

    def delete(self, target: ast.expr) -> None:
        """Read `del target`."""
        if isinstance(target, ast.Name):
            self.used(target.id)
        self.bind(target, NOTHING)

    def loop(self, node: ast.For | ast.AsyncFor | ast.While) -> None:
        """Read a loop."""
        # Several times, so that what one round leaves behind is seen by the next; inner loops go with the outer one.
        rounds, in_loop = (1 if self.in_loop else 2 + hand_overs(node.body)), self.in_loop
        self.in_loop = True
        items = NOTHING if isinstance(node, ast.While) else self.iterate(node.iter)
        before, self.events = self.events, []
        with self.perhaps():
            if isinstance(node, ast.While):
                self.value(node.test)
            else:
                self.bind(node.target, items)
            self.block(node.body)
        before += self.events * rounds
        self.events = before
        with self.perhaps():
            self.block(node.orelse)
        self.in_loop = in_loop

    def within(self, node: ast.With | ast.AsyncWith) -> None:
        """Read `with`."""
        managers = []
        for item in node.items:
            value = self.value(item.context_expr)
            entered = self.method(value, "__enter__", "__aenter__")
            if item.optional_vars is not None:
                self.bind(item.optional_vars, entered | value | value.element)
            managers.append(value)
        self.block(node.body)
        for value in reversed(managers):
            self.method(value, "__exit__", "__aexit__")

    def method(self, base: Value, *names: str) -> Value:
        """Read the call of a method that runs unasked."""
        result = self.fresh()
        self.events.append(Operate(result=result, methods=names, operands=(base,)))
        return Value(same=frozenset({result}))

    def branch(self, node: ast.If | ast.Try | ast.TryStar | ast.Match) -> None:
        """Read a statement of which some parts run."""
        if isinstance(node, ast.If):
            self.condition(node)
        elif isinstance(node, ast.Match):
            self.cases(node)
        else:
            self.attempt(node)

    def condition(self, node: ast.If) -> None:
        """Read `if`; what stands under `if __name__ == "__main__"` always runs in a notebook."""
        self.value(node.test)
        always = _is_main(node.test)
        if always is not None:
            self.block(node.body if always else node.orelse)
            return
        for block in (node.body, node.orelse):
            with self.perhaps():
                self.block(block)

    def cases(self, node: ast.Match) -> None:
        """Read `match`."""
        value = self.value(node.subject)
        for case in node.cases:
            with self.perhaps():
                self.pattern(case.pattern, value.element | value)
                if case.guard is not None:
                    self.value(case.guard)
                self.block(case.body)

    def attempt(self, node: ast.Try | ast.TryStar) -> None:
        """Read `try`."""
        with self.perhaps():
            self.block(node.body)
        for handler in node.handlers:
            with self.perhaps():
                if handler.type is not None:
                    self.value(handler.type)
                if handler.name is not None:
                    self.events.append(Assign(((self.own(handler.name), NOTHING),)))
                self.block(handler.body)
        with self.perhaps():
            self.block(node.orelse)
        self.block(node.finalbody)

    def pattern(self, pattern: ast.pattern, value: Value) -> None:
        """Bind the names of a pattern."""
        for part in walk(pattern):
            match part:
                case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                    self.events.append(Assign(((self.own(name), value),)))
                case ast.MatchValue(value=expression) | ast.MatchClass(cls=expression):
                    self.value(expression)
                case _:
                    pass

    def definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        """Read a function or class with its decorators."""
        decorators = [(decorator, self.value(_root(decorator))) for decorator in node.decorator_list]
        made = self.class_(node) if isinstance(node, ast.ClassDef) else self.function(node.name, node.args, node.body)
        for decorator, value in reversed(decorators):
            path = dotted(decorator)
            result = self.fresh()
            self.events.append(
                Call(
                    result=result,
                    base=value,
                    name=path[0] if path else "",
                    attributes=path[1:],
                    arguments=(made,),
                    decorates=True,
                )
            )
            made = Value(same=frozenset({result})) | made
        self.events.append(Assign(((self.own(node.name), made),)))

    def function(self, name: str, arguments: ast.arguments, body: Sequence[ast.stmt]) -> Value:
        """Make the function *name*; its body is read now and runs when it is called."""
        defaults = [*arguments.defaults, *(default for default in arguments.kw_defaults if default is not None)]
        parts = tuple(self.value(default) for default in defaults)
        parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        parameters += [extra for extra in (arguments.vararg, arguments.kwarg) if extra is not None]
        names = tuple(parameter.arg for parameter in parameters)
        count = len(arguments.posonlyargs) + len(arguments.args)
        around = self.outside if self.in_class else self.renamed
        visible = {key: value for key, value in around.items() if key not in names}
        inner = StatementReader(renamed=visible, outside=visible, counter=self.counter)
        inner.block(body)
        function = Function(name, names, tuple(inner.events), frozenset(inner.shared), count, inner.lazy)
        return self.make(*parts, function=function)

    def class_(self, node: ast.ClassDef) -> Value:
        """Run the body of a class and make it."""
        bases = tuple(self.value(base) for base in node.bases)
        metaclasses = tuple(self.value(keyword.value) for keyword in node.keywords)
        before = (self.renamed, self.outside, self.in_class)
        self.outside = self.outside if self.in_class else self.renamed
        self.renamed, self.in_class = ClassScope(self.renamed, f"%{next(self.counter)}:"), True
        scope = self.renamed
        self.block(node.body)
        self.renamed, self.outside, self.in_class = before
        members = tuple(sorted((name, renamed) for name, renamed in scope.items() if renamed.startswith(scope.prefix)))
        result = self.fresh()
        self.events.append(
            Make(
                result=result,
                parts=tuple(Value(same=frozenset({member})) for _, member in members),
                origin=f"class {node.name}",
                methods=members,
                bases=bases,
                metaclasses=metaclasses,
                fields=tuple(
                    statement.target.id
                    for statement in node.body
                    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
                ),
            )
        )
        return Value(same=frozenset({result}))


def _root(decorator: ast.expr) -> ast.expr:
    """Find what the names of a decorator begin with, as in `encode` of `encode.register`."""
    while isinstance(decorator, ast.Attribute):
        decorator = decorator.value
    return decorator


def _is_main(test: ast.expr) -> bool | None:
    """Whether `__name__ == "__main__"` is asked (True), or the opposite (False)."""
    return {"__name__ == '__main__'": True, "__name__ != '__main__'": False}.get(ast.unparse(test))
