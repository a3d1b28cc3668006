"""What trains: calls that fit, updates of weights, and the notebook's own functions in which these stand."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from alekseylearn.effects import library
from alekseylearn.figures import root
from alekseylearn.knowledge import Knowledge, libraries, training
from alekseylearn.loops import training_loop
from alekseylearn.origins import Names, Origins
from alekseylearn.shapes import (
    Given,
    Guards,
    blends,
    computes,
    decide,
    fits,
    goes_back,
    gradient,
    guarded,
    moved,
    normal_equation,
    slope,
    squared,
    starts,
    steps,
    turns,
)
from alekseylearn.syntax import walk
from alekseylearn.units import Unit, bindings, inside, spelled

_MOST_WAYS = 8
"""In so many ways a function is looked through for what it is given; beyond these it could take for ever."""
_TELLING = (ast.Call, ast.BinOp, ast.Assign, ast.AugAssign, ast.For, ast.AsyncFor, ast.While)
_SAYS = frozenset({"trains", "prepares", "measures", "shows", "pure"})


@dataclass(slots=True)
class Fitting:
    """Looks for what trains; `reasons` are those of the functions of the notebook, for what they were given.

    `later` are the variables of the cell that later cells use.
    """

    names: Names
    known: Knowledge
    reasons: dict[tuple[Unit, frozenset[str]], str | None] = field(default_factory=dict)
    later: frozenset[str] = frozenset()
    ways: dict[Unit, int] = field(default_factory=dict)
    parts: dict[tuple[ast.stmt | None, int], list[tuple[ast.AST, Guards]]] = field(default_factory=dict)

    def forget(self) -> None:
        """Forget what was told of functions: names may stand for something else now."""
        self.reasons.clear()
        self.ways.clear()

    def why(self, unit: Unit, nodes: Sequence[ast.stmt], given: Given) -> str | None:
        """Say what in *nodes*, statements of *unit*, trains: a call by its words, or a loop."""
        found: str | None = None
        backward: str | None = None
        stepped = False
        given = {name: value for name, value in given.items() if name not in unit.bound}
        for node, guards in self.around(nodes):
            if guards and any(decide(test, unit, given) is (not wanted) for test, wanted in guards):
                continue
            found = found or self._by_itself(node, unit, given)
            if isinstance(node, ast.Call) and goes_back(node):
                backward = backward or f"calls `{_words(node)}`"
            stepped = stepped or steps(node)
        if found is None and backward is not None and self.any_inside(unit, nodes, steps):
            return backward
        if found is None and stepped and self.any_inside(unit, nodes, goes_back):
            return "moves weights along gradients"
        return found

    def _by_itself(self, node: ast.AST, unit: Unit, given: Given) -> str | None:
        if isinstance(node, ast.Call):
            through = self._through(node, unit, given)
            return through or (f"calls `{_words(node)}`" if self.call_trains(node, unit) else None)
        if isinstance(node, ast.For | ast.AsyncFor | ast.While):
            loop = training_loop(node, lambda call: self._learns(call, unit), lambda test: decide(test, unit, given))
            return loop or ("tries out weights" if blends(node, self._measures) else None)
        if moved(node, unit):
            return "moves weights at a learning rate"
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            back = {part.id for target in node.targets for part in walk(target) if isinstance(part, ast.Name)}
            parts = {part.id for argument in node.value.args for part in walk(argument) if isinstance(part, ast.Name)}
            if back & parts and any(self._updates(callee) for callee in self.callees(node.value, unit)):
                return f"calls `{_words(node.value)}`"
        if isinstance(node, ast.BinOp) and (normal_equation(node) or slope(node)):
            return "solves for the weights"
        return None

    def _through(self, call: ast.Call, unit: Unit, given: Given) -> str | None:
        for callee in self.callees(call, unit):
            inner = self._why_called(callee, self._bind(call, callee, given))
            if inner is not None:
                words = _words(call)
                name = words if words.rpartition(".")[2] == callee.name else callee.name
                return f"calls `{name}`, which {inner.partition(', which ')[2] or inner}"
        return None

    def _why_called(self, unit: Unit, given: Given) -> str | None:
        """Say what trains in a function that is given these arguments; each is looked through once."""
        told = (f"{name}={value.value!r}" if isinstance(value, ast.Constant) else name for name, value in given.items())
        key = (unit, frozenset(told))
        if key not in self.reasons:
            self.ways[unit] = self.ways.get(unit, 0) + 1
            if self.ways[unit] > _MOST_WAYS:
                key, given = (unit, frozenset()), {}
        if key not in self.reasons:
            self.reasons[key] = None
            self.reasons[key] = self.why(unit, unit.body, given)
        return self.reasons[key]

    # -- calls --------------------------------------------------------------------------------------------------

    def call_trains(self, call: ast.Call, unit: Unit) -> bool:
        """Whether a call of something that the notebook does not define itself trains."""
        dotted = self.names.dotted(call.func)
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
        origins = self.names.origins(receiver, unit) if receiver is not None and not dotted else frozenset()
        said = self.said(call, dotted, origins)
        if said & _SAYS:
            return "trains" in said
        if "prepares" in frozenset().union(*(self.known.of_function(_plain(origin)) for origin in origins)):
            return False
        name = self.names.called(call)
        own = self.called(call, unit)
        if own and (receiver is None or name not in training.FITTING):
            return any(self._trains_by_name(callee) for callee in own)
        if dotted:
            return self._function_trains(call, dotted, name, unit)
        if receiver is None:
            low_code = name in training.LOW_CODE and "pycaret" in self.names.stars
            return (
                low_code or name in training.TRAINING_CLASSES or name in ("fit", "train") or name in training.UPDATING
            )
        return self._method_trains(call, receiver, name, origins)

    def _trains_by_name(self, unit: Unit) -> bool:
        """Whether a function of the notebook is called `fit_line` or `train`, and nothing in it says how it trains."""
        words = set(unit.name.lower().split("_"))
        if not training.TRAINS_BY_NAME.match(unit.name) or words & training.PREPROCESSOR_WORDS:
            return False
        return not self.any_inside(unit, unit.body, fits)

    def said(self, call: ast.Call, dotted: str, origins: Origins) -> frozenset[str]:
        """Find what the repository says of a call."""
        if dotted:
            return frozenset(self.known.of_function(dotted))
        name = self.names.called(call)
        return frozenset(self.known.of_method(name, [_plain(origin) for origin in origins]))

    def _function_trains(self, call: ast.Call, dotted: str, name: str, unit: Unit) -> bool:
        if dotted in training.TRAINING_FUNCTIONS or (library(dotted) == "pycaret" and name in training.LOW_CODE):
            return True
        if dotted in training.SMOOTHERS:
            return not self._draws(unit) or self._lasts(call, unit)
        if name in training.TRAINING_CLASSES:
            return bool(call.args) or any(word.arg in ("sentences", "corpus", "documents") for word in call.keywords)
        if dotted.endswith((".linalg.solve", ".scipy.linalg.solve")):
            return bool(call.args) and squared(call.args[0])
        if dotted.startswith(training.PREPROCESSOR_MODULES) or library(dotted) in training.NEVER_FITTING:
            return False
        quiet = library(dotted) in libraries.QUIET_LIBRARIES and library(dotted) not in training.FITTING_LIBRARIES
        if name in training.UPDATING:
            return True
        return not quiet and (name == "learn" or bool(training.TRAINS_BY_NAME.match(name)))

    def _draws(self, unit: Unit) -> bool:
        calls = (node for statement in unit.body for node in inside(statement) if isinstance(node, ast.Call))
        return any(library(self.names.dotted(call.func)) in libraries.DISPLAY_LIBRARIES for call in calls)

    def _lasts(self, call: ast.Call, unit: Unit) -> bool:
        """Whether later cells use what *call* gives: then it is more than a line through a picture."""
        around = (inside(statement) for statement in unit.body if call in inside(statement))
        return any(root(target) & self.later for nodes in around for node in nodes for target, _ in bindings(node))

    def _method_trains(self, call: ast.Call, receiver: ast.expr, name: str, origins: Origins) -> bool:
        if spelled(receiver) == "get_ipython()":
            return any(
                isinstance(argument, ast.Constant) and training.TRAINING_COMMAND.search(str(argument.value))
                for argument in call.args
            )
        makers = [origin for origin in origins if not origin.startswith(("def ", "type ", "(value)"))]
        if any(
            origin.startswith(training.TRAINING_METHODS.get(name, ()))
            for origin in makers
            if name in training.TRAINING_METHODS
        ):
            return not any(".lr_scheduler" in origin for origin in makers)
        if name in training.UPDATING or (name in training.LOW_CODE and "pycaret" in map(library, makers)):
            return True
        if name in ("train", "learn"):
            return self._starts(call, receiver, name, makers)
        if name in ("step", "update", "apply", "minimize", "run", "search", "optimize"):
            return turns(call, receiver, name, makers)
        return name in training.FITTING and not self.prepares(receiver, makers)

    def _starts(self, call: ast.Call, receiver: ast.expr, name: str, makers: list[str]) -> bool:
        """Tell `trainer.train()` and `model.train(data)` from `net.train()`, which sets a mode."""
        if self.prepares(receiver, makers):
            return False
        return starts(call, receiver, name, makers)

    def prepares(self, receiver: ast.expr, makers: list[str]) -> bool:
        """Whether what is fitted only prepares data: a scaler, a vectorizer, or a pipeline of nothing else."""
        made = [maker for maker in makers if maker.rpartition(".")[2] not in training.ASSEMBLING]
        if makers and not made:
            return True
        made = [maker for maker in made if _tells(maker)]
        if made:
            return all(self._maker_prepares(maker) for maker in made)
        name = spelled(receiver).rpartition(".")[2].rstrip("()")
        if name.endswith(training.PREPROCESSOR_ENDINGS):
            return True
        name = name.lower()
        parts = set(name.split("_"))
        return bool(training.PREPROCESSOR_WORDS & parts) or name.endswith(training.PREPROCESSOR_WORD_ENDINGS)

    def _maker_prepares(self, maker: str) -> bool:
        name = _plain(maker)
        klass = self.names.classes.get(name) if maker.startswith("class ") else None
        if klass is not None and any(base.endswith("TransformerMixin") for base in klass.bases):
            return not any(base.endswith(training.MODEL_MIXINS) for base in klass.bases)
        if name.endswith(training.TOPIC_MODELS):
            return False
        if name.endswith("Transformer") and library(name) in training.NEURAL_LIBRARIES:
            return False
        return name.startswith(training.PREPROCESSOR_MODULES) or name.endswith(training.PREPROCESSOR_ENDINGS)

    # -- functions of the notebook --------------------------------------------------------------------------------

    def callees(self, call: ast.Call, unit: Unit) -> list[Unit]:
        """Find the functions and methods of the notebook that a call runs, also those that it is handed."""
        return [*self.called(call, unit), *self.handed(call, unit)]

    def called(self, call: ast.Call, unit: Unit) -> list[Unit]:
        """Find the functions and methods of the notebook that are called by name, or as what a name stands for."""
        origins = sorted(self._called(call, self.names.called(call), unit))
        return [callee for origin in origins if (callee := self._unit(origin))]

    def handed(self, call: ast.Call, unit: Unit) -> list[Unit]:
        """Find the functions of the notebook that a call gets and surely runs."""
        name = self.names.called(call)
        wraps = name in training.WRAPPERS or name[:1].isupper()
        words = [keyword for keyword in call.keywords if keyword.arg == "target" or not wraps]
        given = [*(() if wraps else call.args), *(keyword.value for keyword in words)]
        made = [
            argument
            for argument in given
            if not isinstance(argument, ast.Call) or self.names.called(argument) in training.WRAPPERS
        ]
        keys = [key for argument in made for key in sorted(self.names.origins(argument, unit))]
        return [self.names.functions[key] for key in keys if key in self.names.functions]

    def _called(self, call: ast.Call, name: str, unit: Unit) -> Origins:
        if isinstance(call.func, ast.Attribute) and spelled(call.func.value) == "super()" and unit.owner:
            bases = self.names.classes[unit.owner].bases
            return frozenset(f"def {base}.{name}" for base in bases if self._method(base, name))
        origins = self.names.origins(call.func, unit)
        if origins or not isinstance(call.func, ast.Attribute) or self.names.origins(call.func.value, unit):
            return origins
        return frozenset(f"def {klass}.{name}" for klass in self.names.classes if self._method(klass, name))

    def _method(self, klass: str, name: str) -> Unit | None:
        found = self.names.method(klass, name)
        if found is not None:
            self.names.functions.setdefault(f"def {klass}.{name}", found)
        return found

    def _unit(self, origin: str) -> Unit | None:
        kind, _, name = origin.partition(" ")
        match kind:
            case "def":
                return self.names.functions.get(origin)
            case "type":
                return self.names.method(name, "__init__") or self.names.method(name, "__post_init__")
            case "class":
                return self.names.method(name, "__call__") or self.names.method(name, "forward")
            case _:
                return None

    def _bind(self, call: ast.Call, callee: Unit, given: Given) -> Given:
        """Find what the parameters of *callee* are given, as far as it is written out."""
        bound: dict[str, ast.expr | None] = dict(callee.defaults)
        parameters = callee.parameters[1:] if callee.owner else callee.parameters
        pairs = [*zip(parameters, call.args, strict=False)]
        pairs += [(keyword.arg, keyword.value) for keyword in call.keywords if keyword.arg]
        own = callee.name == self.names.called(call) or bool(callee.owner)
        for name, value in pairs if own else ():
            known = isinstance(value, ast.Name) and value.id in given
            bound[name] = given[value.id] if known and isinstance(value, ast.Name) else value
        return bound if own else {}

    # -- shapes ---------------------------------------------------------------------------------------------------

    def _learns(self, call: ast.Call, unit: Unit) -> bool:
        if gradient(call) or any(
            origin.rpartition(".")[2] in training.GRADIENTS for origin in self.names.origins(call.func, unit)
        ):
            return True
        return any(self.any_inside(callee, callee.body, computes) for callee in self.callees(call, unit))

    def _measures(self, call: ast.Call) -> bool:
        return training.is_measure(self.names.called(call))

    def _updates(self, unit: Unit) -> bool:
        return self.any_inside(unit, unit.body, gradient)

    def any_inside(self, unit: Unit, nodes: Sequence[ast.stmt], test: Callable[[ast.AST], bool]) -> bool:
        """Whether *test* holds for a node of the code, or of the functions that it calls."""
        waiting: list[tuple[Unit, Sequence[ast.stmt]]] = [(unit, nodes)]
        seen = {unit}
        while waiting:
            one, statements = waiting.pop()
            for node, _ in self.around(statements):
                if test(node):
                    return True
                if isinstance(node, ast.Call):
                    for callee in self.callees(node, one):
                        if callee not in seen:
                            seen.add(callee)
                            waiting.append((callee, callee.body))
        return False

    def around(self, nodes: Sequence[ast.stmt]) -> list[tuple[ast.AST, Guards]]:
        """Return what may tell something of the code that runs in *nodes*, each part with the tests around it."""
        key = (nodes[0], len(nodes)) if nodes else (None, 0)
        if key not in self.parts:
            self.parts[key] = [(node, guards) for node, guards in guarded(nodes, ()) if isinstance(node, _TELLING)]
        return self.parts[key]


def _plain(origin: str) -> str:
    return origin.partition(" ")[2] or origin


def _words(call: ast.Call) -> str:
    return spelled(call.func) or "()"


def _tells(maker: str) -> bool:
    """Whether the name of what made an object tells what it is: a class, or a function of a library that is known."""
    last = maker.rpartition(".")[2].partition(" ")[2] or maker.rpartition(".")[2]
    return not last[:1].islower() or library(maker) in libraries.QUIET_LIBRARIES
