"""Single things that are no expressions: times, dates, ratios, digits in a base, amounts with units."""

from __future__ import annotations

import re
from fractions import Fraction

from asym_lit.answers.catalogue import Switches
from asym_lit.answers.cleaning import plain_text
from asym_lit.answers.kinds import Based, Clock, Code, Date, Expression, Quantity, Ratio
from asym_lit.answers.reading import read_expression
from asym_lit.answers.tokens import UnreadableError
from asym_lit.answers.units import DEGREE, MULTIPLES, PERCENT, Unit, singular, unit_of

_BASED = re.compile(
    r"(?:\(\s*)?([0-9A-Fa-f]{1,200})(?:\s*\))?\s*_\s*\{?\s*(?:\\text\s*\{)?\s*(\d{1,2}|[a-z]{3,8})\s*\}{0,2}", re.IGNORECASE
)
BASES = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10",
    "eleven": "11", "twelve": "12", "sixteen": "16",
}  # fmt: skip
"""Bases that are often written in words."""
HYPHENED = re.compile(r"\d+(?:\s*-\s*\d+)+")
"""A score, years, a code; a difference of whole numbers is no answer."""
PADDED = re.compile(r"0\d+")
"""Digits with a zero in front."""
_CLOCK = re.compile(r"(\d{1,2})(?:\s*:\s*(\d{2}))?(?:\s*:\s*(\d{2}))?\s*([ap])?\.?\s*(?(4)m\.?|)", re.IGNORECASE)
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|"
    r"dec(?:ember)?)(?![A-Za-z])\.?"
)
"""3 marbles are no day of March."""
_DATES = (
    re.compile(rf"{_MONTH}\s+(?P<day>\d{{1,2}})(?:\s*,?\s+(?P<year>\d{{3,4}}))?", re.IGNORECASE),
    re.compile(rf"(?P<day>\d{{1,2}})(?:\s+of)?\s+{_MONTH}(?:\s*,?\s+(?P<year>\d{{3,4}}))?", re.IGNORECASE),
)
_RATIO = re.compile(r"[^:=]+(?::[^:=]+)+")
_TO = re.compile(r"(?<=\d)\s+to\s+(?=\d)")
_MONEY = re.compile(r"(-?)\s*(USD|EUR|GBP|JPY|INR)\s*(.+)", re.DOTALL)
_FUNCTION = re.compile(r"\\(?:arc|a)?(?:sin|cos|tan|cot|sec|csc)h?(?![A-Za-z])")
_COMMAND = r"\\(?:text(?:rm|normal|bf|it)?|mathrm|mbox|hbox|operatorname|rm)\s*\{([^{}]*)\}"
_IN_TEXT = re.compile(rf"(.*?[^\s\\])\s*((?:{_COMMAND}(?:\s*\^\s*\{{?\s*-?\d\s*\}}?)?|\s|/|\\cdot)+)", re.DOTALL)
_BARE = re.compile(r"(.*[\d)}!])\s*((?:[A-Za-z]{2}|%|¢|[一-鿿]|[A-Za-z]/[A-Za-z])[A-Za-z/^\d{}%·. \-一-鿿]*)", re.DOTALL)
_MANY = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)\.?\s*(?:,|and|&)?\s*")


def expression_of(text: str) -> Expression | None:
    """A text as an expression, if it is one whole."""
    try:
        return Expression(text, read_expression(text))
    except (UnreadableError, RecursionError):
        return None


def literal_of(text: str, switches: Switches) -> Based | Clock | Code | Date | Ratio | Quantity | None:
    """One of these, if the whole text is it."""
    if len(text) > 300:
        return None
    if HYPHENED.fullmatch(text) or PADDED.fullmatch(text):
        return Code(text)
    if based := _BASED.fullmatch(text):
        name, digits = BASES.get(based[2].lower(), based[2]), based[1].upper()
        base = int(name) if name.isdecimal() else 0
        if 2 <= base <= 16 and all(int(digit, 16) < base for digit in digits):
            return Based(text, digits, base)
    plain = plain_text(text)
    return _clock(plain) or _date(plain) or _ratio(text, plain) or quantity_of(text, switches)


def _clock(text: str) -> Clock | None:
    found = _CLOCK.fullmatch(text)
    if found is None or not (found[2] or found[4]) or (found[3] and not found[4]):
        return None
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[4] or "").lower()
    if minute > 59 or hour > (12 if half else 24) or (half and hour == 0):
        return None
    return Clock(text, 60 * hour + minute, "am" if half == "a" else "pm" if half else "")


def _date(text: str) -> Date | None:
    for pattern in _DATES:
        if found := pattern.fullmatch(text):
            month = found[1] if pattern is _DATES[0] else found[2]
            number = 1 + "jan feb mar apr may jun jul aug sep oct nov dec".split().index(month[:3].lower())  # noqa: SIM905
            return Date(text, int(found["day"]), number, int(found["year"]) if found["year"] else None)
    return None


def _ratio(text: str, plain: str) -> Ratio | None:
    if _TO.search(plain):
        text = _TO.sub(":", plain)
    if not _RATIO.fullmatch(text):
        return None
    terms = [expression_of(part.strip()) for part in text.split(":")]
    return Ratio(text, tuple(term for term in terms if term)) if all(terms) else None


def quantity_of(text: str, switches: Switches) -> Quantity | None:
    """An amount and its unit; `12 million` is a number, `2 hours 30 minutes` one amount."""
    if total := _total(plain_text(text)):
        return total
    if money := _MONEY.fullmatch(text):
        amount, unit = money[1] + money[3], unit_of(money[2])
        inner = expression_of(amount)
        if inner is None and (behind := quantity_of(amount, switches)) and behind.unit is NUMBER:
            inner = behind.amount  # 5 million; other words behind the number, such as a loss, are no part of an amount
        return Quantity(text, inner, unit) if inner and unit else None
    if text.endswith("\\degree") and not _FUNCTION.search(text):  # the sine of 30 degrees is no angle
        inner = expression_of(text.removesuffix("\\degree").strip())
        return Quantity(text, inner, DEGREE) if inner else None
    if text.endswith("%"):
        inner = expression_of(text.removesuffix("%").strip())
        return Quantity(text, inner, PERCENT) if inner else None
    for pattern in (_IN_TEXT, _BARE):
        if (found := pattern.fullmatch(text)) and (made := _amount(text, found[1].strip(), found[2], pattern is _IN_TEXT)):
            return made
    return None


def _amount(text: str, amount: str, behind: str, spelled: bool) -> Quantity | None:
    """A number with words behind it."""
    behind = re.sub(r"\s+", " ", re.sub(_COMMAND, r" \1 ", behind)).strip().strip("-").strip()
    behind = re.sub(r"^((?:year|month|week|day|hour)s?) old$", r"\1", behind)
    inner = None if HYPHENED.fullmatch(amount) else expression_of(amount)
    first, _, rest = behind.partition(" ")
    if inner and first.lower() in MULTIPLES:
        inner = Expression("", ("mul", inner.tree, ("number", Fraction(MULTIPLES[first.lower()]))))
        behind = rest.strip()
        if not behind:
            return Quantity(text, inner, NUMBER)
    unit = (_share_of(behind) or unit_of(behind, spelled)) if inner and behind else None
    return Quantity(text, inner, unit) if inner and unit else None


def _share_of(behind: str) -> Unit | None:
    """Of what an amount is a part: 3/8 of the pizza."""
    found = re.fullmatch(r"of (?:(?:the|a|an|his|her|their|its|all|all the) )?([a-z]{3,}(?: [a-z]{3,}){0,2})", behind)
    return Unit(f"of {singular(found[1])}", "count") if found else None


def _total(text: str) -> Quantity | None:
    """2 hours 30 minutes: amounts of one dimension, each in a smaller unit than the one before."""
    parts = list(_MANY.finditer(text))
    if len(parts) < 2 or "".join(part[0] for part in parts) != text:
        return None
    units = [unit_of(part[2]) for part in parts]
    first, *others = units
    if first is None or first.dimension == "count" or first is PERCENT:
        return None
    before, total = first.size, Fraction(parts[0][1])
    for part, unit in zip(parts[1:], others, strict=True):
        if unit is None or unit.dimension != first.dimension or not unit.size < before:
            return None
        total += Fraction(part[1]) * Fraction(unit.size / first.size).limit_denominator(10**6)
        before = unit.size
    return Quantity(text, Expression("", ("number", total)), first)


NUMBER = Unit("", "count", generic=True)
"""No unit."""
