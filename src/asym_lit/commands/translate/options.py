"""What an option of another trainer is here; the tables themselves are in `trl_options`, `verl_options`, `prime_rl_options`.

The command reads them, and `docs/translate.md` shows them: a test compares both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from asym_lit.types import InputError

Kind = Literal["value", "part", "needless", "none"]


@dataclass(frozen=True, slots=True)
class Option:
    """A row of a table."""

    name: str
    """As it is written there."""
    here: str = ""
    """What to write here; empty for nothing."""
    differs: str = ""
    """What is not the same, or why there is nothing to write."""
    kind: Kind = "value"
    """`value`: it goes to `here` as it is. `part`: it is read together with others. `needless`: it is so here anyway.
    `none`: there is no counterpart."""


@dataclass(slots=True)
class Translation:
    """What became of a configuration."""

    trainer: str
    settings: dict[str, Any] = field(default_factory=dict)
    """Our settings by their dotted place in a recipe."""
    read: list[str] = field(default_factory=list)
    """Their options that are in the recipe."""
    needless: list[str] = field(default_factory=list)
    nowhere: dict[str, str] = field(default_factory=dict)
    """Their options without a counterpart, and why."""
    notes: list[str] = field(default_factory=list)
    """What differs although it was translated, and what could not be known."""


def number_of(given: Mapping[str, Any], name: str, other: float | None = None, least: float | None = None) -> float:
    """A number of another trainer's options.

    Args:
        given: They, with its defaults.
        name: Of the option.
        other: What it is where it is not given; None if it must be.
        least: Allowed.

    Raises:
        InputError: If it is none, or too small.
    """
    found: Any = given[name] if other is None else given.get(name)
    if other is not None and found in (None, ""):
        return other
    try:
        value = float(found)
    except (TypeError, ValueError) as fault:
        variable = " Variables of the shell that the file does not set are not known." if "$" in str(found) else ""
        raise InputError(f"{name} is {found!r:.60}; allowed: a number.{variable}") from fault
    if not math.isfinite(value) or (least is not None and value < least):
        raise InputError(f"{name} is {found!r:.60}; allowed: {'a finite number' if least is None else f'{least:g} or more'}.")
    return value


def whole_of(given: Mapping[str, Any], name: str, other: int | None = None, least: int | None = None) -> int:
    """A whole number of another trainer's options; as `number_of`."""
    value = number_of(given, name, other, least)
    if value != int(value):
        raise InputError(f"{name} is {value:g}; allowed: a whole number.")
    return int(value)


def table(options: tuple[Option, ...]) -> str:
    """A table of the docs."""
    lines = ["| there | here | differs in |", "| --- | --- | --- |"]
    for option in options:
        here = {"none": "none", "needless": "nothing to write"}.get(option.kind, f"`{short(option.here)}`")
        lines.append(f"| `{option.name}` | {here} | {option.differs or '-'} |")
    return "\n".join(lines)


def short(place: str) -> str:
    """A place in a recipe as the command line writes it."""
    return place.replace(".init_args.", ".")
