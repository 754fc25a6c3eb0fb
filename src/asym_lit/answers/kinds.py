"""What an answer may be, once it is read whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from asym_lit.answers.reading import Tree
from asym_lit.answers.regions import Region
from asym_lit.answers.units import Unit

Shape = Literal["list", "set", "tuple", "row"]


@dataclass(frozen=True, slots=True)
class Expression:
    """A number, or an expression with names."""

    text: str
    tree: Tree


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount of something: `5 cm`, `12%`, `$3`, `3 red`."""

    text: str
    amount: Expression
    unit: Unit


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day; without a.m. or p.m. it may be a ratio."""

    text: str
    minutes: int
    half: Literal["am", "pm", ""] = ""


@dataclass(frozen=True, slots=True)
class Date:
    """A day of a named month."""

    text: str
    day: int
    month: int
    year: int | None


@dataclass(frozen=True, slots=True)
class Based:
    """Digits in a base that is written behind them."""

    text: str
    digits: str
    base: int

    @property
    def value(self) -> int:
        """As a number."""
        return int(self.digits, self.base)


@dataclass(frozen=True, slots=True)
class Code:
    """Digits that are no number by themselves: 3-1, 1999-2000, 007."""

    text: str


@dataclass(frozen=True, slots=True)
class Ratio:
    """2:3, 1:2:4."""

    text: str
    terms: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Equation:
    """Two sides, neither of them a lone name that has the other as its value."""

    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """A text; one or two letters may also be a product of names."""

    text: str
    words: tuple[str, ...]
    tree: Tree | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A part of the real line."""

    text: str
    region: Region
    unknown: frozenset[str]


@dataclass(frozen=True, slots=True)
class Collection:
    """Several answers in one."""

    text: str
    shape: Shape
    items: tuple[Reading, ...]
    brackets: str = ""

    @property
    def ordered(self) -> bool:
        """A list of rows is a table, whose rows have an order."""
        return self.shape in ("tuple", "row") or any(isinstance(i, Collection) and i.shape == "row" for i in self.items)


@dataclass(frozen=True, slots=True)
class Labelled:
    """x = 3, f(x) = 2x, Anna: 5."""

    text: str
    label: str
    inner: Reading


@dataclass(frozen=True, slots=True)
class Cases:
    """Several values, each with its condition."""

    text: str
    cases: tuple[tuple[str, Reading], ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """What is none of these: the same only letter by letter."""

    text: str


Reading = (
    Expression
    | Quantity
    | Clock
    | Date
    | Based
    | Code
    | Ratio
    | Equation
    | Words
    | Line
    | Collection
    | Labelled
    | Cases
    | Unread
)
