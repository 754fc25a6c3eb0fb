"""Parts as a recipe writes them: a name, or `class_path` with `init_args`, and what is said of a mistake in either.

The command line builds what is right by itself; what it cannot build it leaves as it is written, without a word.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Mapping
from dataclasses import is_dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any, get_args, get_type_hints

from asym_lit.objectives.part_values import check_options
from asym_lit.types import InputError

PACKAGE = __name__.rpartition(".")[0]


def named_parts() -> dict[str, type]:
    """Every part of the objectives by the name of its class; protocols, and records that are no parts, are left out."""
    found: dict[str, type] = {}
    for module in pkgutil.iter_modules(import_module(PACKAGE).__path__, f"{PACKAGE}."):
        if module.ispkg or module.name == f"{PACKAGE}.objective":
            continue
        found |= {name: item for name, item in vars(import_module(module.name)).items() if _is_part(item)}
    return found


def _is_part(item: Any) -> bool:
    own = inspect.isclass(item) and is_dataclass(item) and item.__module__.startswith(f"{PACKAGE}.")
    return own and bool({"__call__", "weights"} & vars(item).keys())


def part_meant(path: str) -> str | None:
    """The whole name of the part that a bare name is, or a path within the objectives looks like; None if there is none."""
    parts, name = named_parts(), path.rpartition(".")[2]
    within = path.startswith(f"{PACKAGE}.") and path.count(".") > PACKAGE.count(".") + 1
    close = [name] if path in parts else get_close_matches(name, list(parts), n=1, cutoff=0.5) if within else []
    return f"{parts[close[0]].__module__}.{close[0]}" if close else None


def part_of(knob: str, given: Any, wanted: list[str]) -> Any:
    """The part that was given, built if it is still words.

    Args:
        knob: What it is for, as messages call it.
        given: A part, its name, or a mapping with `class_path` and `init_args`.
        wanted: What a part for this is called with.

    Raises:
        InputError: If there is no such class, no such option of it, or an option that it cannot do without is missing.
    """
    if isinstance(given, str):
        given = {"class_path": given}
    if not isinstance(given, Mapping) and not hasattr(given, "class_path"):
        return given
    told = given if isinstance(given, Mapping) else vars(given)
    path, arguments = str(told.get("class_path", "")), dict(told.get("init_args") or {})
    return _built(knob, _class_of(knob, path, wanted), arguments)


def _class_of(knob: str, path: str, wanted: list[str]) -> type:
    parts = named_parts()
    home, _, name = path.rpartition(".")
    if name in parts and (not home or f"{parts[name].__module__}.{name}" == path):
        return parts[name]
    if home and not home.startswith(PACKAGE):
        try:
            found: type = getattr(import_module(home), name)
        except (ImportError, AttributeError) as fault:
            raise InputError(f"{knob} is {path!r}, which cannot be imported: {fault}.") from fault
        return found
    fitting = sorted(one for one, kind in parts.items() if called_with(kind) == wanted)
    close = get_close_matches(name, fitting, n=1, cutoff=0.5)
    nearest = f" Nearest: {close[0]}." if close else ""
    raise InputError(f"{knob} is {path!r}; there is no part of this name.{nearest} Allowed: {', '.join(fitting)}.")


def called_with(kind: type) -> list[str]:
    """Names of what a part is called with."""
    call = vars(kind).get("__call__")
    return list(inspect.signature(call).parameters)[1:] if call else []


def part_within(hint: Any) -> type | None:
    """The part that an option is, protocol or record; None if it is a plain value."""
    kinds = (hint, *get_args(hint))
    return next((kind for kind in kinds if getattr(kind, "_is_protocol", False) or is_dataclass(kind)), None)


def _within(called: str, given: Any, wanted: type) -> Any:
    """A part of a part, which must be called as what it stands for."""
    part = part_of(called, given, called_with(wanted))
    own = type(part).__module__.startswith(f"{PACKAGE}.")
    if own and (called_with(type(part)) != called_with(wanted) or (is_dataclass(wanted) and not isinstance(part, wanted))):
        raise InputError(f"{called} is a {type(part).__name__}; allowed: a {wanted.__name__}.")
    return part


def _built(knob: str, kind: type, arguments: dict[str, Any]) -> Any:
    options = inspect.signature(kind).parameters
    hints = get_type_hints(kind)
    for name, value in arguments.items():
        wanted = part_within(hints.get(name))
        if name not in options:
            close = get_close_matches(name, list(options), n=1, cutoff=0.5)
            nearest = f" Nearest: {close[0]}." if close else ""
            raise InputError(
                f"{name} is not an option of {kind.__name__}, the {knob}.{nearest} Allowed: {', '.join(options) or 'none'}."
            )
        if isinstance(value, Mapping) and is_dataclass(wanted) and "class_path" not in value:
            arguments[name] = _built(knob, wanted, dict(value))
        elif wanted and isinstance(value, str | Mapping):
            arguments[name] = _within(f"{name} of {kind.__name__}, the {knob},", value, wanted)
    missing = [name for name, one in options.items() if one.default is one.empty and name not in arguments]
    if missing:
        raise InputError(f"{kind.__name__}, the {knob}, is without {', '.join(missing)}; write it under its init_args.")
    if kind.__module__.startswith(f"{PACKAGE}."):
        check_options(kind, arguments, f"{kind.__name__}, the {knob},")
    return kind(**arguments)
