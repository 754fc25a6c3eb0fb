"""Short names: `simko` for `asym_lit.objectives.simko`, `Countdown` for `asym_lit.tasks.Countdown`.

jsonargparse itself knows those of classes that inherit from what is asked for. Presets are functions, and tasks and verifiers
fit a protocol without inheriting from it; those it is told here.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, Union, get_args, get_origin, get_type_hints

from jsonargparse import _typehints

from asym_lit.objectives import Objective, presets

PACKAGES = ("asym_lit.tasks", "asym_lit.verifiers", "asym_lit.verifiers.judge", "asym_lit.rollout")
"""Whose public classes may be called by their name alone."""
LIKENESS = 0.5
"""Least share of equal letters of a nearest name; `fp16` and `float16` have 0.55."""


def nearest(given: str, allowed: list[str]) -> str | None:
    """The allowed name that looks most like what was given; None if none does."""
    by_lower = {name.lower(): name for name in reversed(allowed)}
    found = get_close_matches(given.lower(), by_lower, n=1, cutoff=LIKENESS)
    return by_lower[found[0]] if found else None


def short_names(wanted: Any) -> dict[str, str]:
    """The names that can stand where a class is asked for, with their import paths.

    Args:
        wanted: A class or a protocol.
    """
    if wanted is Objective:
        return {name: f"asym_lit.objectives.{name}" for name in presets.__all__}
    if not inspect.isclass(wanted):
        return {}
    found = _fitting(wanted) if getattr(wanted, "_is_protocol", False) else {}
    waiting = [wanted]
    while waiting:
        kind = waiting.pop(0)
        waiting += kind.__subclasses__()
        path = f"{kind.__module__}.{kind.__qualname__}"
        at_home = path.split(".")[0] in ("asym_lit", wanted.__module__.split(".")[0])
        if at_home and kind is not wanted and not inspect.isabstract(kind) and "<" not in path and "._" not in path:
            found.setdefault(kind.__name__, path)
    return found


def _fitting(protocol: type) -> dict[str, str]:
    """Public classes that have what a protocol asks for."""
    asked = {name for kind in protocol.__mro__ if getattr(kind, "_is_protocol", False) for name in vars(kind)}
    asked = {name for name in asked if not name.startswith("_")}
    return {
        name: f"{package}.{name}"
        for package in PACKAGES
        if package in sys.modules
        for name in getattr(sys.modules[package], "__all__", ())
        if inspect.isclass(kind := getattr(sys.modules[package], name)) and all(hasattr(kind, part) for part in asked)
    }


def classes_in(hint: Any) -> list[Any]:
    """The classes in a type hint: of its unions and lists, and what its callables return."""
    if get_origin(hint) is Callable:
        return classes_in(get_args(hint)[-1])
    if get_origin(hint) in (Union, types.UnionType, list, tuple, dict):
        return [kind for part in get_args(hint) for kind in classes_in(part)]
    return [hint] if inspect.isclass(hint) and hint.__module__ != "builtins" else []


def hint_of(owner: Any, option: str) -> Any:
    """The type of an option of a class or a preset; None if it cannot be told."""
    try:
        return get_type_hints(owner.__init__ if inspect.isclass(owner) else owner).get(option)
    except NameError:  # a name that its module imports for type checkers alone; the mistake is told without it
        return None


def options_of(owner: Any) -> list[str]:
    """What may be given to a class or a preset."""
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [name for name, one in inspect.signature(owner).parameters.items() if one.kind not in kinds]


def allow_short_names() -> None:
    """Have jsonargparse take the names of presets, tasks and verifiers wherever one is asked for, in files too."""
    before = _typehints.resolve_class_path_by_name
    if hasattr(before, "knows_ours"):
        return

    def resolved(cls: Any, name: str) -> str:
        path = before(cls, name)
        unknown = "." not in path and (cls is Objective or getattr(cls, "_is_protocol", False))
        return short_names(cls).get(name, name) if unknown else path

    resolved.knows_ours = True  # type: ignore[attr-defined]
    _typehints.resolve_class_path_by_name = resolved
