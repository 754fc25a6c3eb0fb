"""Whether the unit of an answer fits its question, where the gold answer is a number without one."""

from __future__ import annotations

import re
from itertools import product

from asym_lit.answers.measured import PURE
from asym_lit.answers.questions import Question
from asym_lit.answers.things import thing
from asym_lit.answers.tokens import word_set
from asym_lit.answers.units import Unit, unit_of
from asym_lit.answers.wanted import Wanted

_SIGNS = {
    "USD": (r"\$", 1.0), "EUR": ("€", 1.0), "GBP": ("£", 1.0), "JPY": ("¥", 1.0),
    "angle": (r"°|\\circ|\\angle|\bangles?\b|\bdegree", 0.017453292519943295),
}  # fmt: skip
"""Signs of a question that stand for a unit, and its size."""
_MONEY = ("USD", "EUR", "GBP", "JPY", "CNY", "RUB", "INR")
_MADE_OF = {
    "[length] ** 2": (("[length]", 2),), "[length] ** 3": (("[length]", 3),),
    "[length] / [time]": (("[length]", 1), ("[time]", -1)), "[length] / [time] ** 2": (("[length]", 1), ("[time]", -2)),
}  # fmt: skip
_COINS = word_set("peso franc mark krone crown lira baht won dirham rand shilling penny pennie pence nickel dime coin credit")
_NUMBERS = ("unit", "number", "value")


def fits(unit: Unit, question: Question) -> bool | None:
    """True if an answer may have this unit beside the right number; False if another one is asked for; None if unknown."""
    wanted = question.wanted
    if wanted.units:
        return _is_wanted(unit, wanted)
    if wanted.things:
        return True if unit.dimension == "count" and _is_counted(unit, wanted, question) else None
    if wanted.dimensions and not _is_measured(unit, wanted):
        return None
    if unit.dimension == "count":
        return True if unit.generic or _mentioned(unit, question) else None
    return True if _alike(unit, question) else None


def same_size(one: Unit, other: Unit) -> bool:
    """True for two names of one unit; degrees of temperature are told by name."""
    if one.dimension != other.dimension:
        return False
    return one.name == other.name if "temperature" in one.dimension else abs(one.size / other.size - 1) < 1e-9


def _is_wanted(unit: Unit, wanted: Wanted) -> bool | None:
    if any(same_size(unit, one) for one in wanted.units):
        return True
    if unit.dimension != "count":
        return False
    return True if unit.name in _NUMBERS else None


def _is_counted(unit: Unit, wanted: Wanted, question: Question) -> bool:
    """True for the noun that is counted: rows, but not the pupils that sit in them; red ones, if these are asked for."""
    *before, noun = map(thing, unit.name.split())
    sizes = {"square", "cubic"}
    if noun == "unit" and "unit" in wanted.things:
        return sizes & set(before) == sizes & wanted.things
    if unit.generic:
        return noun in wanted.things or noun not in set(map(thing, question.words))
    if noun not in wanted.things:
        return False
    return set(before) <= (wanted.things if len(wanted.things) > 1 else wanted.things | wanted.sentence)


def _is_measured(unit: Unit, wanted: Wanted) -> bool:
    """True for a unit of what is asked for: an area in square metres, or in no unit at all."""
    if unit.dimension == "count":
        coin = "money" in wanted.dimensions and unit.name.split()[-1] in _COINS
        return unit.name in (*wanted.dimensions, *_NUMBERS) or coin or wanted.dimensions == PURE
    return unit.dimension in wanted.dimensions or ("money" in wanted.dimensions and unit.dimension in _MONEY)


def _mentioned(unit: Unit, question: Question) -> bool:
    if unit.name in ("square unit", "cubic unit") and not question.count:
        return True  # it says that nothing is measured in anything
    return bool(set(unit.name.split()) & question.words) or f"{unit.name}s" in question.words


def _alike(unit: Unit, question: Question) -> bool:
    """True if the question has this unit, or what it is made of; or none of what it measures."""
    if unit.dimension in _SIGNS:
        sign, size = _SIGNS[unit.dimension]
        if abs(unit.size / size - 1) < 1e-9 and re.search(sign, question.text):
            return True
    known = [one for name in question.units if (one := unit_of(name))]
    alike = [one for one in known if one.dimension == unit.dimension]
    if alike or unit.dimension in _SIGNS:
        return any(same_size(one, unit) for one in alike) if alike else not question.count
    parts = [[one.size**power for one in known if one.dimension == of] for of, power in _MADE_OF.get(unit.dimension, ())]
    if parts and all(parts):  # 9 cm by 9 cm are no 81 square metres
        sizes = [_times(sizes) for sizes in product(*parts)]
        return any(abs(unit.size / size - 1) < 1e-9 for size in sizes)
    return not question.count


def _times(sizes: tuple[float, ...]) -> float:
    total = 1.0
    for size in sizes:
        total *= size
    return total
