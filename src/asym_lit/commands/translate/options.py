"""What an option of another trainer is here; the tables themselves are in `trl_options`, `verl_options`, `prime_rl_options`.

The command reads them, and `docs/translate.md` shows them: a test compares both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

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
