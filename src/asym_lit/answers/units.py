"""Units: what they measure and how much of it, by pint; money, percentages; nouns behind numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from asym_lit.answers.tokens import word_set

_KNOWN = word_set(
    "m cm mm km um nm dm meter metre centimeter centimetre millimeter millimetre kilometer kilometre inch in foot feet ft "
    "yard yd mile mi g kg mg gram kilogram milligram tonne ton pound lb lbs ounce oz l L ml mL liter litre milliliter "
    "millilitre gallon quart pint cup s sec second min minute h hr hour day week month year decade century ms acre hectare "
    "ha N newton kN J joule kJ cal kcal calorie eV W watt kW MW kWh Pa pascal kPa MPa atm bar Hz hertz kHz MHz GHz V volt A "
    "ampere amp mA C coulomb F farad H henry ohm T tesla K kelvin mol mole mph kph knot degree rad radian celsius fahrenheit"
)
"""Names that are units, not words that pint could take for one (`cats` is a hundredth of a technical atmosphere to it)."""
_SPELT = {
    "kmph": "km/h", "kph": "km/h", "sec": "second", "secs": "second", "hrs": "hour", "mins": "minute", "metres": "meter",
    "lbs": "lb", "feet": "foot", "inches": "inch", "deg": "degree", "amp": "ampere", "in": "inch", "century": "century",
    "centuries": "century",
}  # fmt: skip
_MONEY = {
    "USD": ("USD", 1.0), "dollar": ("USD", 1.0), "buck": ("USD", 1.0), "cent": ("USD", 0.01), "¢": ("USD", 0.01),
    "EUR": ("EUR", 1.0), "euro": ("EUR", 1.0), "GBP": ("GBP", 1.0), "yen": ("JPY", 1.0), "JPY": ("JPY", 1.0),
    "yuan": ("CNY", 1.0),
    "RMB": ("CNY", 1.0), "ruble": ("RUB", 1.0), "rupee": ("INR", 1.0), "Rs": ("INR", 1.0), "元": ("CNY", 1.0),
    "INR": ("INR", 1.0),
}  # fmt: skip
_PERCENT = {"%", "percent", "pct", "percentage", "per cent"}
_CHINESE = {
    "厘米": "cm",
    "米": "m",
    "千米": "km",
    "公里": "km",
    "克": "g",
    "千克": "kg",
    "小时": "hour",
    "分钟": "minute",
    "秒": "second",
    "天": "day",
}
_COUNTERS = word_set("个 人 只 条 本 张 种 次 件 块 名 位 辆 岁 倍")
MULTIPLES = {
    "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12,
    "万": 10**4, "亿": 10**8,
}  # fmt: skip
_GENERIC = word_set("unit way people person item time solution number value point integer digit")
_NO_NOUNS = word_set(
    "a an and or not no is are was of the than to in by for from with without plus minus times over per less more least "
    "most each squared cubed factorial half halves third thirds quarter quarters tenth tenths hundredth hundredths "
    "thousandths degrees mod base if when only at as it but except but nor either both all any root power double triple "
    "twice thrice negative pi st nd rd infinity am pm ratio choose true false correct wrong answer out"
)
_RATE = re.compile(r"(?:[a-z]{2,3}|[mgL])\s*/\s*(?:s|h|hr|min|sec|m|cm|mm|g|kg|L|mL)(?:\s*\^\s*\{?[23]\}?)?")
"""Quotients whose single letters are units, unless a text says otherwise: km/h, m/s^2, g/mL."""
_PART = re.compile(r"(square|cubic|sq\.?|cu\.?)?\s*([A-Za-z%¢]+|[一-鿿]+)\s*(?:\^\s*\{?\s*(-?\d)\s*\}?|(squared|cubed))?")


@dataclass(frozen=True, slots=True)
class Unit:
    """What stands behind a number."""

    name: str
    """Canonical: pint's, a currency's, or the noun in the singular."""
    dimension: str
    """What it measures; of nouns and what is counted, `count`."""
    size: float = 1.0
    """In base units of the dimension."""
    generic: bool = False
    """A counter that says nothing of what is counted."""


PERCENT, DEGREE = Unit("percent", "percent", 0.01), Unit("degree", "angle", 0.017453292519943295)


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint  # a third of a second, and only where there are units

    return pint.UnitRegistry()


@lru_cache(maxsize=1024)
def unit_of(text: str, spelled: bool = True) -> Unit | None:
    """The unit that a text names; None if it is none.

    Args:
        text: Without the number before it.
        spelled: True where a single letter is meant as a unit, as in `\\text{ m}`.
    """
    text = re.sub(r"\s+", " ", text).strip(" .")
    if text in _PERCENT or text.lower() in _PERCENT:
        return PERCENT
    singular = text[:-1] if text[-1:] == "s" and text not in _MONEY else text
    for name in (text, singular, singular.lower()):
        if name in _MONEY:
            return Unit(name, _MONEY[name][0], _MONEY[name][1])
    return _physical(text, spelled) or _noun(text)


def _physical(text: str, spelled: bool) -> Unit | None:
    """A product and quotient of known units."""
    if len(text) > 40:
        return None
    text = _CHINESE.get(text, text)
    spelled = spelled or _RATE.fullmatch(text) is not None
    found, over = [], False
    for piece in re.split(r"(/|\bper\b)", text.replace("\\cdot", " ").replace("·", " ").replace("*", " ")):
        if piece in ("/", "per"):
            over = True
            continue
        place = 0
        piece = piece.strip().strip("{}")
        while place < len(piece):
            part = _PART.match(piece, place)
            if part is None or part.end() == place:
                return None
            name = _known(part[2], spelled)
            if name is None:
                return None
            before = {"sq": 2, "cu": 3}.get((part[1] or "")[:2])
            power = before or int(part[3] or {"squared": 2, "cubed": 3}.get(part[4] or "", 1))
            found.append(f"{name}**{-power if over else power}")
            place = part.end()
            while piece[place : place + 1] == " ":
                place += 1
    return _measured("*".join(found)) if found else None


@lru_cache(maxsize=1024)
def _measured(text: str) -> Unit | None:
    """By pint."""
    one = _registry().Quantity(1.0, _registry().parse_units(text)).to_base_units()
    dimension = str(one.dimensionality)
    if dimension == "dimensionless" and re.search("degree|rad", text):
        dimension = "angle"
    return Unit(text.removesuffix("**1"), dimension, float(one.magnitude))


_CARELESS = frozenset(("KG", "Kg", "KM", "Km", "CM", "Cm", "Hz", "HZ"))
"""Ways to write a unit that mean no other one."""


def _known(name: str, spelled: bool) -> str | None:
    if len(name) == 1 and not spelled:
        return None
    small = name.lower() if len(name) > 3 or name in _CARELESS else name  # Mm is not mm
    for one in (name, small, name.removesuffix("s"), small.removesuffix("s"), small.removesuffix("es")):
        if one in _SPELT or one in _KNOWN:
            return _SPELT.get(one, one)
    return None


def _noun(text: str) -> Unit | None:
    """Up to three plain words, none of which changes what is counted."""
    if text in _COUNTERS:
        return Unit(text, "count", generic=True)
    text = re.sub(r"^(sq|cu)\.?(?= units?$)", lambda m: {"sq": "square", "cu": "cubic"}[m[1]], text)
    words = [word if len(word) <= 3 and not word.istitle() else word.lower() for word in text.split()]  # MJ is not mJ
    if not 1 <= len(words) <= 3 or not all(word.isalpha() and word.isascii() and len(word) > 1 for word in words):
        return None
    if set(words) & _NO_NOUNS or any(word in MULTIPLES for word in words):
        return None
    words[-1] = singular(words[-1])
    return Unit(" ".join(words), "count", generic=len(words) == 1 and words[0] in _GENERIC)


def singular(word: str) -> str:
    """Of a regular noun."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word
