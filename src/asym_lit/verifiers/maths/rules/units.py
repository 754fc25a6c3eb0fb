"""Units behind numbers."""

from __future__ import annotations

import re

_SPELLINGS = {
    "cm": "cm centimeter centimeters centimetre centimetres",
    "mm": "mm millimeter millimeters",
    "m": "meter meters metre metres",
    "km": "km kilometer kilometers kilometre kilometres",
    "in": "inch inches",
    "ft": "ft foot feet",
    "yd": "yard yards yd",
    "mi": "mile miles",
    "kg": "kg kilogram kilograms",
    "g": "gram grams",
    "mg": "mg milligram milligrams",
    "lb": "lb lbs pound pounds",
    "oz": "oz ounce ounces",
    "l": "liter liters litre litres",
    "ml": "ml milliliter milliliters",
    "s": "sec second seconds",
    "min": "min minute minutes",
    "h": "hour hours hr hrs",
    "day": "day days",
    "week": "week weeks",
    "month": "month months",
    "year": "year years",
    "dollar": "dollar dollars usd",
    "cent": "cent cents",
    "yuan": "yuan",
    "rub": "ruble rubles",
    "degree": "degree degrees",
    "rad": "rad radian radians",
    "kmh": "km/h kmph",
    "mph": "mph",
    "unit": "unit units",
    "percent": "percent pct percentage",
}
_UNIT = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings.split()}
_TEXT = r"\\(?:text|mathrm|textrm|textnormal|mbox|operatorname)\s*\{\s*([^{}]*?)\s*\}"
_POWER = r"(?:\s*\^\s*\{?\s*([23])\s*\}?)?"
_NUMBER = r"^(.*(?:[\d.)}]|\\pi|[A-Za-z]))\s*"
_IN_TEXT = re.compile(rf"{_NUMBER}(?:{_TEXT}){_POWER}$", re.DOTALL)
_BARE = re.compile(
    rf"^(.*[\d)}}])\s*((?:(?:square|cubic|sq\.?|cu\.?)\s+)?[A-Za-z]{{2,}}(?:/[A-Za-z]+|\s+(?:per\s+)?[A-Za-z]+){{0,3}}){_POWER}$",
    re.DOTALL,
)
_ORDINAL = re.compile(r"^(\d+)(?:\^?\{?)(?:st|nd|rd|th)\}?(?=\s|$)\s*(.*)$")
_MONEY = re.compile(r"^(-?)\s*(?:\\\$|[$€£¥])\s*(.+)$")


def split_unit(text: str) -> tuple[str, str]:
    """A leaf without the unit behind it, and the unit; "" where there is none."""
    if ordinal := _ORDINAL.match(text):
        return ordinal[1], ordinal[2].strip().lower()
    if money := _MONEY.match(text):
        return money[1] + money[2], "dollar"
    if text.endswith("\\degree"):
        return text, ""  # a degree is a number: it has a value in radians
    for pattern in (_IN_TEXT, _BARE):
        if match := pattern.match(text):
            word = re.sub(r"\s+", " ", match[2]).strip().lower()
            if word and (pattern is _IN_TEXT or re.search(r"\d\s*$|[)}]\s*$", match[1])):
                return match[1].strip(), _name(word, match[3])
    return text, ""


def _name(word: str, power: str | None) -> str:
    for prefix, exponent in (("square ", "2"), ("sq. ", "2"), ("sq ", "2"), ("cubic ", "3"), ("cu. ", "3")):
        if word.startswith(prefix):
            word, power = word.removeprefix(prefix), exponent
    word = word.rstrip(".")
    return _UNIT.get(word, word) + (f"^{power}" if power else "")


def units_agree(gold: str, answer: str) -> bool:
    """True if the units are the same, or one is left out; a percentage is no unit."""
    if not gold or not answer:
        return True
    if gold == answer:
        return True
    return {gold.rstrip("s"), answer.rstrip("s")} == {gold.rstrip("s")}
