"""Who and what a story is about: names with their pronouns, things in singular and plural."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["goods", "boxes", "packs", "dollars", "minutes", "metres"]
"""What an amount is of; `boxes` can be opened, `packs` are full of what was counted before."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What is counted."""

    one: str
    many: str
    kind: Kind = "goods"
    vessel: str = ""
    """One of them without what is in it, if they hold something: `box` of `box of pencils`."""
    vessels: str = ""
    inside: Thing | None = None
    """What is in them, if that can be counted yet."""

    def of(self, number: int, extra: str = "") -> str:
        """`1 apple`, `5 apples`, `5 more apples`."""
        return f"{number} {extra}{self.one if number == 1 else self.many}"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose amount it is: a person, or a thing that is measured."""

    name: str
    he: str = ""
    """Empty for a thing, which has no pronoun here."""

    @property
    def him(self) -> str:
        """As an object."""
        return {"he": "him", "she": "her"}.get(self.he, self.name)

    @property
    def his(self) -> str:
        """As an owner."""
        return {"he": "his", "she": "her"}.get(self.he, f"{self.name}'s")


_WOMEN = "Mia Lena Anna Nora Sara Emma Ruth Clara Ida Zoe Alice Maya Priya Olga Rosa"
_MEN = "Tom Ben Paul Omar Leo Max Noah Felix Ivan Jack Hugo Ravi Adam Karl Luca"
PEOPLE = (*(Holder(name, "she") for name in _WOMEN.split()), *(Holder(name, "he") for name in _MEN.split()))
_GOODS = "apple pencil sticker marble card shell cookie flower stamp bead balloon button ticket lemon carrot candle badge nut"
GOODS = tuple(Thing(noun, f"{noun}s") for noun in _GOODS.split())
VESSELS = (("box", "boxes"), ("bag", "bags"), ("basket", "baskets"), ("packet", "packets"), ("crate", "crates"))
DOLLARS = Thing("dollar", "dollars", "dollars")
MINUTES = Thing("minute", "minutes", "minutes")
METRES = Thing("metre", "metres", "metres")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ACTIVITIES = (("reads", "read"), ("runs", "run"), ("swims", "swim"), ("paints", "paint"), ("sings", "sing"), ("walks", "walk"))
MEASURED = (("rope", "ropes"), ("ribbon", "ribbons"), ("cable", "cables"), ("plank", "planks"), ("hose", "hoses"))
COLOURS = ("red", "blue", "green", "yellow", "white", "black", "brown", "grey")
PARTS = {2: "half", 3: "a third", 4: "a quarter", 5: "a fifth"}


def filled(vessel: tuple[str, str], inside: Thing, kind: Kind) -> Thing:
    """Boxes of pencils; those that are `packs` hold what was counted before, which is not asked for again."""
    one, many = (f"{name} of {inside.many}" for name in vessel)
    return Thing(one, many, kind, *vessel, inside if kind == "boxes" else None)
