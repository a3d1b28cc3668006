"""What one call does as far as its name tells: what it changes, draws, reads and writes, whether its result is new."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from alekseylearn.events import Call, Value
from alekseylearn.knowledge import Word, libraries, methods, randomness, training

Change = Literal["nothing", "itself", "deep", "graph"]
"""How far a change goes: the object, what it was made of, or everything that it was computed from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a call changes, whether its object `keeps` the arguments, and whether its result is `fresh`."""

    receiver: Change = "nothing"
    arguments: Change = "nothing"
    keeps: bool = False
    fresh: bool = False


Said = frozenset[Word]
"""What the repository says of a call."""

SEEDS = "sets a random seed"
"""The effect of a call, in words."""

SUSPECT = Judgement(receiver="deep", arguments="deep", keeps=True)
"""The judgement of what nobody knows."""


def judge_said(said: Said) -> Judgement | None:
    """Judge a call by what the repository says of it; None when that tells nothing about changes."""
    if said & {"changes", "trains"}:
        return Judgement(receiver="deep", arguments="deep", keeps=True)
    if said & {"shows", "pure", "measures", "reads", "writes"}:
        return Judgement(fresh=bool(said & {"shows", "measures"}))
    return None


def judge_method(call: Call, origins: Iterable[str], said: Said) -> Judgement:
    """Judge a call of a method; *origins* are the dotted names of what made its object."""
    told = judge_said(said)
    if told is not None:
        return told
    method = call.attributes[-1] if call.attributes else "__call__"
    origins = set(origins)
    if origins & randomness.STATEFUL:
        return Judgement(receiver="itself", arguments="itself" if method == "shuffle" else "nothing", fresh=True)
    if is_true(call.keyword("inplace")):
        return Judgement(receiver="itself")
    if method == "__call__":
        return _by_calling(origins)
    return _by_kind(method, origins) or _by_name(method, origins) or _by_library(method, origins)


def _by_kind(method: str, origins: set[str]) -> Judgement | None:
    """Judge a method that does something else to these objects than its name says; None for all others."""
    makers = {library(origin) for origin in origins}
    if makers and makers <= libraries.IMMUTABLE:
        return Judgement(receiver="itself" if method in libraries.CHANGES_EVEN_THESE else "nothing", fresh=True)
    if origins and origins <= libraries.PROGRESS:
        return Judgement(receiver="itself", fresh=True)
    if method in methods.RECORDED and makers & methods.RECORDING_LIBRARIES:
        return Judgement(receiver="itself", fresh=True)
    if method in methods.TENSOR_METHODS and makers <= methods.TENSOR_LIBRARIES:
        return Judgement(fresh=True)
    if method in methods.MOVING and all(is_data(origin) for origin in origins):
        return Judgement()
    if method.startswith("from_") or method == "load_from_checkpoint":
        return Judgement()
    if method.startswith("eval") and makers and makers <= libraries.LEAVES_DATA | libraries.PURE_CLASSES_OF:
        return Judgement()
    return None


def _by_name(method: str, origins: set[str]) -> Judgement | None:
    """Judge a method by its name; None when it stands in no list."""
    if method in methods.GRAPH_METHODS:
        return Judgement(receiver="graph", arguments=_of_arguments(method, origins))
    if method in methods.ADDING_METHODS:
        plain = origins <= methods.PLAIN_CLASSES
        return Judgement(receiver="itself" if plain else "deep", keeps=True)
    if method in methods.CHANGING_METHODS and origins == {"(container)"}:
        return Judgement(receiver="itself")
    if method in methods.CHANGING_METHODS or (method.endswith("_") and not method.endswith("__")):
        return Judgement(receiver="deep", arguments=_of_arguments(method, origins))
    if method in methods.PURE_METHODS:
        return Judgement(fresh=method in methods.FRESH_METHODS)
    return None


def _by_calling(origins: set[str]) -> Judgement:
    """Judge the call of an object itself, such as a layer; of a mere value nobody knows what it does."""
    if "(value)" in origins:
        return SUSPECT
    layers = {origin for origin in origins if origin.startswith(methods.LAYERS)}
    if layers and layers == origins and not any(_keeps_figures(origin) for origin in layers):
        return Judgement(fresh=not any(origin.endswith(methods.PASSING_ON) for origin in layers))
    return _by_library("__call__", origins)


def _is_tensor(origin: str) -> bool:
    """Whether *origin* makes tensors, whose methods say by a `_` at their end that they change them."""
    torch = origin.count(".") == 1 and library(origin) == "torch"
    return torch and origin[6:7].islower() and origin not in libraries.NO_TENSORS


def _keeps_figures(layer: str) -> bool:
    """Whether a layer changes by being called, as those do that keep running figures."""
    name = layer.rpartition(".")[2]
    return any(part in layer for part in methods.RUNNING_LAYERS) or not name[:1].isupper()


def _by_library(method: str, origins: set[str]) -> Judgement:
    """Judge a method that no list names, by the libraries that its object comes from."""
    makers = {data_library(origin) for origin in origins}
    if not makers:
        return SUSPECT
    if method.startswith("get_") and makers <= libraries.LEAVES_DATA | libraries.PURE_CLASSES_OF:
        return Judgement()
    if all(_is_tensor(origin) for origin in origins):
        return Judgement()
    if makers <= libraries.DISPLAY_LIBRARIES:
        return Judgement(receiver="itself", fresh=True)
    if makers <= libraries.PURE_CLASSES_OF:
        return Judgement()
    return Judgement(receiver="deep") if makers <= libraries.QUIET_LIBRARIES else SUSPECT


def judge_function(call: Call, dotted: str, said: Said) -> Judgement:
    """Judge a call of the function *dotted*, such as `numpy.where` or `builtins.len`."""
    told = judge_said(said)
    if told is not None:
        return told
    name = dotted.rpartition(".")[2]
    if library(dotted) == "builtins":
        return Judgement(fresh=name in libraries.FRESH_BUILTINS)
    if _through_its_class(dotted) or (call.discarded and _is_false(call.keyword("copy"))):
        return Judgement(arguments="deep", keeps=True)
    if overwrites(call, dotted) and not makes_object(dotted):
        return Judgement(arguments="itself")
    if (
        dotted in libraries.CHANGES_ARGUMENTS
        or dotted.startswith(libraries.CHANGES_ARGUMENTS_PREFIXES)
        or name.endswith("_")
    ):
        return Judgement(arguments="deep")
    if library(dotted) not in libraries.QUIET_LIBRARIES:
        return Judgement(arguments="deep", fresh=False)
    if library(dotted) in libraries.DISPLAY_LIBRARIES:
        return Judgement(fresh=True)
    if dotted in training.TRAINING_FUNCTIONS and library(dotted) not in ("sklearn", "scipy"):
        return Judgement(arguments=_of_arguments(name, {dotted}))
    fresh = dotted in libraries.FRESH_FUNCTIONS or dotted.startswith(libraries.FRESH_PREFIXES)
    return Judgement(fresh=fresh)


def _through_its_class(dotted: str) -> bool:
    """Whether a method is called through its class, as in `numpy.ndarray.sort(a)`, or `numpy.add.at`."""
    owner, _, name = dotted.rpartition(".")
    klass = owner.rpartition(".")[2]
    if library(dotted) == "numpy" and name == "at" and klass != "numpy":
        return True
    return (klass[:1].isupper() or klass == "ndarray") and methods.changes(name)


def fills_last(call: Call, dotted: str) -> bool:
    """Whether a function of NumPy puts its result into its last argument, as `numpy.add(a, b, a)` does."""
    named = bool(call.arguments) and any(not name.startswith("%") for name in call.arguments[-1].same)
    return call.discarded and library(dotted) == "numpy" and len(call.arguments) > 2 and named


def shared(call: Call, dotted: str) -> str:
    """Name the function that hands out a setting of its library, as `decimal.getcontext()` does; '' for others."""
    name = dotted.rpartition(".")[2]
    own = library(dotted) in libraries.DISPLAY_LIBRARIES or library(dotted) in ("builtins", "logging", "get_ipython")
    return dotted if name.startswith("get") and not (own or call.arguments or call.keywords) else ""


def shows_settings(module: str, path: Iterable[str]) -> bool:
    """Whether a setting of *module* is only about how something looks."""
    path = tuple(path)
    return library(module) in libraries.DISPLAY_LIBRARIES or bool(libraries.LOOKS & {*path, *module.split(".")})


def only_shows(dotted: str, judgement: Judgement, said: Said) -> bool:
    """Tell whether a call of *dotted*, so judged, provably does nothing but show or compute."""
    if said:
        return bool(said & {"shows", "pure"})
    if library(dotted) == "builtins":
        return dotted.rpartition(".")[2] not in libraries.CHANGING_BUILTINS | libraries.INTERRUPTING_BUILTINS
    return library(dotted) in libraries.DISPLAY_LIBRARIES or judgement.fresh


def method_only_shows(call: Call, origins: Iterable[str], said: Said) -> bool:
    """Tell whether a call of a method, of what *origins* made, provably does nothing but show or compute."""
    if said:
        return bool(said & {"shows", "pure"})
    if is_true(call.keyword("inplace")):
        return False
    makers = {data_library(origin) for origin in origins}
    return call.last in methods.PURE_METHODS or (bool(makers) and makers <= libraries.DISPLAY_LIBRARIES)


def makes_object(dotted: str) -> bool:
    """Whether the call of *dotted* is that of a class, by the way it is written."""
    if dotted in libraries.HOLDERS or dotted.startswith(libraries.HOLDER_PREFIXES):
        return True
    return dotted.rpartition(".")[2][:1].isupper()


def effect_of(call: Call, dotted: str, said: Said) -> str | None:
    """Say in words what the call of *dotted* changes around the variables; None when it changes nothing there."""
    name = dotted.rpartition(".")[2]
    if said:
        return SEEDS if "seeds" in said else None
    found = libraries.ENVIRONMENT.get(dotted)
    if found is not None:
        return found
    if library(dotted) in libraries.DISPLAY_LIBRARIES and name.startswith(("register", "addfont")):
        return f"makes something known by `{dotted}`"
    if (
        library(dotted) in libraries.DISPLAY_LIBRARIES
        or library(dotted) == "builtins"
        or dotted in libraries.QUIET_EFFECTS
        or _sets_the_look(call, name)
    ):
        return None
    if dotted in randomness.SEEDS or name in ("seed_everything", "set_seed", "manual_seed", "set_random_seed"):
        return SEEDS
    if name.startswith(libraries.OPTION_NAMES):
        return f"changes a setting by `{dotted}`"
    own = name.endswith("_") or _through_its_class(dotted)
    if call.discarded and dotted.count(".") > 1 and methods.changes(name) and not own:
        return f"changes `{dotted.rpartition('.')[0]}`"
    suspicious = call.discarded and library(dotted) not in libraries.QUIET_LIBRARIES and not makes_object(dotted)
    return f"calls `{dotted}`, whose result nothing takes" if suspicious else None


def _sets_the_look(call: Call, name: str) -> bool:
    """Whether a setting only says how tables, numbers or models are shown."""
    text = call.arguments[0].text if call.arguments else None
    words = [key for key, _ in call.keywords]
    return (
        "print" in name
        or (text or "").partition(".")[0] in libraries.LOOKS
        or (bool(words) and not call.arguments and all(word in libraries.LOOKS for word in words))
    )


def reads_file(call: Call, said: Said) -> bool:
    """Whether the call reads a file that it names."""
    if "reads" in said:
        return True
    if call.last == "open":
        return not writes_file(call, said)
    return call.last in libraries.READING


def writes_file(call: Call, said: Said) -> bool:
    """Whether the call writes a file that it names."""
    if "writes" in said:
        return True
    if call.last == "open":
        mode = call.keyword("mode") or (call.arguments[0] if call.attributes and call.arguments else _second(call))
        return mode is not None and any(letter in (mode.text or "r") for letter in "wax+")
    return call.last in libraries.WRITING


def library(dotted: str) -> str:
    """Return the top-level package of a dotted name."""
    return dotted.partition(".")[0]


def data_library(origin: str) -> str:
    """Return the library whose values *origin* makes: what loads or splits data gives arrays and frames."""
    return "numpy" if origin.startswith(libraries.MAKES_DATA) else library(origin)


def is_data(origin: str) -> bool:
    """Whether *origin* makes mere values, such as arrays, tables and tensors."""
    values = _is_tensor(origin) or data_library(origin) in libraries.PURE_CLASSES_OF
    return values and origin not in randomness.STATEFUL


def keeps_no_gradient(origin: str) -> bool:
    """Whether a backward pass goes through what *origin* made and leaves nothing there."""
    layer = origin.startswith(methods.LAYERS) and origin.endswith(methods.WITHOUT_WEIGHTS)
    return layer or is_data(origin) or origin in randomness.STATEFUL


def overwrites(call: Call, dotted: str) -> bool:
    """Whether a call, or the object that it makes, puts its results where the data was."""
    learner = library(dotted) in libraries.LEAVES_DATA
    return is_true(call.keyword("inplace")) or (learner and any(map(_is_false, map(call.keyword, _COPIES))))


_COPIES = ("copy", "copy_x", "copy_X")


def asks_for_gradient(call: Call) -> bool:
    """Whether a call makes a tensor that keeps its gradient."""
    return is_true(call.keyword("requires_grad"))


def _second(call: Call) -> Value | None:
    return call.arguments[1] if len(call.arguments) > 1 else None


def _of_arguments(method: str, origins: set[str]) -> Change:
    """Methods that train something handed to them: `trainer.fit(model, data)`."""
    return (
        "deep"
        if method in methods.UPDATES_ARGUMENTS
        or any(origin.endswith(methods.HELD_ARGUMENTS_CHANGE) for origin in origins)
        else "nothing"
    )


def is_true(value: Value | None) -> bool:
    """Whether an argument is given and is not written as false."""
    return value is not None and value.literal not in ("False", "None", "0")


def _is_false(value: Value | None) -> bool:
    return value is not None and value.literal == "False"
