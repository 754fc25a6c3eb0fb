"""Values of parts' options, held against their annotations: a word that is not among those allowed, text for a number.

The command line checks what it builds itself. Parts of a recipe's `with_parts`, and all from Python, come without: there a
misspelt `rule: TRL` would be taken for the other rule, and train another method without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from asym_lit.types import InputError
from asym_lit.types.errors import shown

ROOT = __name__.partition(".")[0]


def check_parts(record: object) -> None:
    """Check the options of all parts of a record of ours, and of parts within parts.

    Args:
        record: A dataclass. One of somebody's own is passed over, as are parts that are no dataclasses.

    Raises:
        InputError: With the option, what is allowed, and the nearest word.
    """
    if not is_dataclass(record) or not type(record).__module__.startswith(f"{ROOT}."):
        return
    given = {item.name: getattr(record, item.name) for item in fields(record)}
    check_options(type(record), given)
    for value in given.values():
        for part in value if isinstance(value, tuple | list) else (value,):
            check_parts(part)


def check_options(kind: type, given: Mapping[str, Any], part: str = "") -> None:
    """Check options by the annotations of what they are for.

    Args:
        kind: A dataclass; options without an annotation are passed over.
        given: Values by name.
        part: How a message calls it; empty for the name of the class.

    Raises:
        InputError: With the option, what is allowed, and the nearest word.
    """
    hints = _hints(kind)
    for name, value in given.items():
        if name in hints:
            check_value(f"{name} of {part or kind.__name__}", value, hints[name])


def check_value(called: str, value: Any, hint: Any) -> None:
    """Check one value: words of a Literal, numbers, truth values, records, parts. Other annotations allow all.

    Args:
        called: How a message calls it.
        value: What was given.
        hint: Its annotation.

    Raises:
        InputError: With what is allowed, and the nearest word.
    """
    hints = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if any(_fits(value, one) for one in hints):
        return
    words = [word for one in hints if get_origin(one) is Literal for word in get_args(one)]
    close = get_close_matches(str(value).lower(), words, n=1, cutoff=0.5)
    nearest = f" Nearest: {close[0]}." if close else ""
    raise InputError(f"{called} is {shown(value)}; allowed: {', '.join(_named(hints))}.{nearest}")


def _fits(value: Any, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return isinstance(value, str) and value in get_args(hint)
    if hint in (int, float):
        return isinstance(value, Integral if hint is int else Real) and not isinstance(value, bool)
    if hint in (bool, NoneType) or is_dataclass(hint):
        return isinstance(value, hint)
    # A part of whatever make; the name of one, or a number, is none.
    return not (getattr(hint, "_is_protocol", False) and isinstance(value, str | Real | Mapping))


def _named(hints: Iterable[Any]) -> list[str]:
    words = {int: "a whole number", float: "a number", bool: "true or false", NoneType: "null"}
    return [", ".join(get_args(one)) if get_origin(one) is Literal else words.get(one) or f"a {one.__name__}" for one in hints]


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
