"""Whether two readings are the same, item by item where they hold others."""

from __future__ import annotations

import re
from dataclasses import replace

from asym_lit.answers.cleaning import compact
from asym_lit.answers.coordinates import are_extremes, by_name
from asym_lit.answers.expressions import Terms
from asym_lit.answers.findings import SAME, UNKNOWN, Finding, all_of, different
from asym_lit.answers.joints import in_two_forms, other_joint
from asym_lit.answers.kinds import (
    Based,
    Cases,
    Clock,
    Code,
    Collection,
    Date,
    Equation,
    Expression,
    Labelled,
    Line,
    Quantity,
    Ratio,
    Reading,
    Unread,
    Words,
)
from asym_lit.answers.lines import same_lines
from asym_lit.answers.scalars import same_single

LONGEST_LIST = 60
_READ = (Expression, Quantity, Clock, Code, Date, Based, Ratio)
"""Single things that were understood in full."""
_SYMBOL = re.compile(r"\\?[A-Za-z]+(?:_\w+)?'*(?:\([A-Za-z,]+\))?")


def compare(gold: Reading, answer: Reading, terms: Terms) -> Finding:
    """The finding on two readings."""
    if gold.text and compact(gold.text) == compact(answer.text):
        return SAME
    if isinstance(gold, Unread) or isinstance(answer, Unread):
        return UNKNOWN
    if isinstance(gold, Labelled) or isinstance(answer, Labelled):
        return _labelled(gold, answer, terms)
    if isinstance(gold, Cases) or isinstance(answer, Cases):
        return _cases(gold, answer, terms)
    if isinstance(gold, Line) or isinstance(answer, Line):
        return same_lines(gold, answer, terms)
    if isinstance(gold, Collection) and isinstance(answer, Collection):
        return _collections(gold, answer, terms)
    if isinstance(gold, Collection) or isinstance(answer, Collection):
        several, one = (gold, answer) if isinstance(gold, Collection) else (answer, gold)
        assert isinstance(several, Collection)
        if len(several.items) == 1:
            return compare(several.items[0], one, terms) if several is gold else compare(one, several.items[0], terms)
        if in_two_forms(several) and all(
            compare(gold if one is gold else item, item if one is gold else answer, terms).same for item in several.items
        ):
            return SAME
        known = isinstance(one, _READ) or (isinstance(one, Words) and several.shape in ("list", "set"))
        return different("several answers, and one") if known else UNKNOWN
    return same_single(gold, answer, terms)


def _labelled(gold: Reading, answer: Reading, terms: Terms) -> Finding:
    """Labels may be left out, but not be others."""
    if isinstance(gold, Labelled) and isinstance(answer, Labelled):
        one, other = (_plain(side.label) for side in (gold, answer))
        inner = compare(gold.inner, answer.inner, terms)
        if one == other or inner.same is False:
            return _equations(gold, answer, inner, terms)
        if one.lower() != other.lower() and all(_SYMBOL.fullmatch(label) or "(" in label for label in (one, other)):
            return _equations(gold, answer, different("another unknown"), terms)
        return inner if one.lower() == other.lower() and inner.same else UNKNOWN
    labelled, bare = (gold, answer) if isinstance(gold, Labelled) else (answer, gold)
    assert isinstance(labelled, Labelled)
    if isinstance(bare, Equation):
        return same_single(Equation(gold.text), Equation(answer.text), terms)
    inner = compare(labelled.inner, bare, terms) if labelled is gold else compare(bare, labelled.inner, terms)
    if inner.same and not terms.switches.allow("label"):
        return UNKNOWN
    if inner.same is None and isinstance(bare, Expression) and "=" in labelled.text:
        mine, theirs = (Equation(side.text) if side is labelled else side for side in (gold, answer))
        return same_single(mine, theirs, terms)
    return inner


def _equations(gold: Labelled, answer: Labelled, found: Finding, terms: Terms) -> Finding:
    """y = 2x may be written as 2x = y; no more than that if one side is a value."""
    if found.same or not all(isinstance(side.inner, Expression) and "=" in side.text for side in (gold, answer)):
        return found
    if all(re.fullmatch(r"[^=]*=[^=A-Za-z\\]*", side.text) for side in (gold, answer)):
        return found
    whole = same_single(Equation(gold.text), Equation(answer.text), terms)
    return whole if whole.same else found


def _plain(label: str) -> str:
    return re.sub(r"[\s{}\\]|text", "", label)


def _cases(gold: Reading, answer: Reading, terms: Terms) -> Finding:
    """Every case for its condition."""
    if not (isinstance(gold, Cases) and isinstance(answer, Cases)):
        other = answer if isinstance(gold, Cases) else gold
        return different("several cases, and one") if isinstance(other, _READ) else UNKNOWN
    theirs = dict(answer.cases)
    if len(gold.cases) != len(answer.cases):
        return different("another number of cases")
    if {condition for condition, _ in gold.cases} != set(theirs):
        return UNKNOWN
    return all_of(compare(inner, theirs[condition], terms) for condition, inner in gold.cases)


def _collections(gold: Collection, answer: Collection, terms: Terms) -> Finding:
    """Sets, lists, tuples and rows."""
    if "set" in (gold.shape, answer.shape) and ("tuple" in (gold.shape, answer.shape) or "row" in (gold.shape, answer.shape)):
        return different("a set, and what has an order")
    sets = gold.shape == answer.shape == "set" and gold.items and answer.items  # in which an item may stand twice
    if len(gold.items) != len(answer.items) and not sets:
        return different("another number of answers")
    if len(gold.items) > LONGEST_LIST:
        return UNKNOWN
    if len(gold.items) > 1 and gold.shape == answer.shape == "list" and other_joint(gold, answer):
        return different("all of them, and one of them")
    if gold.shape != answer.shape and not terms.switches.allow("structure"):
        return UNKNOWN
    if any(side.brackets not in ("()", "[]", "") for side in (gold, answer)) and gold.brackets != answer.brackets:
        return UNKNOWN if len(gold.items) != 2 else different("other brackets")
    if gold.shape == answer.shape == "tuple":
        if gold.brackets != answer.brackets and len(gold.items) == 2:
            return different("other brackets")
        return _by_place(gold, answer, terms)
    if not gold.ordered and not answer.ordered:
        return _listed(gold, answer, terms)
    if {gold.shape, answer.shape} != {"list", "tuple"}:
        return _in_order(gold, answer, terms)
    found = _by_place(gold, answer, terms)
    labels = [[_plain(item.label) for item in side.items if isinstance(item, Labelled)] for side in (gold, answer)]
    if len(labels[0]) == len(labels[1]) == len(gold.items):
        return _listed(gold, answer, terms)
    tuple_, bare = (gold, answer) if gold.shape == "tuple" else (answer, gold)
    named = len(set(labels[1 if bare is answer else 0])) == len(bare.items)  # a point's coordinates, not values of one unknown
    if named or ((len(bare.items) > 2 or terms.question.point) and not any(labels)):
        return found if tuple_.brackets == "()" or found.same is False else UNKNOWN
    return UNKNOWN if found.same else found  # (0, 1) may be an interval


def _by_place(gold: Collection, answer: Collection, terms: Terms) -> Finding:
    """Place by place; values with names, against a tuple without, stand where their names say."""
    named = [by_name(side, terms.question) for side in (gold, answer)]
    placed = [replace(side, items=items) if items else side for side, items in zip((gold, answer), named, strict=True)]
    found = _in_order(placed[0], placed[1], terms)
    return UNKNOWN if None in named and found.same is False else found


def _in_order(gold: Collection, answer: Collection, terms: Terms) -> Finding:
    found = all_of(compare(a, b, terms) for a, b in zip(gold.items, answer.items, strict=False))
    return found if len(gold.items) == len(answer.items) else UNKNOWN


def _listed(gold: Collection, answer: Collection, terms: Terms) -> Finding:
    """Items paired off one to one: by label if both have them, in order if only the gold answer has, else in any order."""
    labels = [{item.label: item for item in side.items if isinstance(item, Labelled)} for side in (gold, answer)]
    if len(labels[0]) == len(gold.items) > 1:
        if set(map(_plain, labels[0])) == set(map(_plain, labels[1])) and len(labels[1]) == len(answer.items):
            theirs = {_plain(label): item for label, item in labels[1].items()}
            return all_of(compare(item, theirs[_plain(label)], terms) for label, item in labels[0].items())
        if not labels[1]:
            found = _in_order(gold, answer, terms)
            return found if found.same else UNKNOWN
    symbols = not labels[0] and len(labels[1]) == len(answer.items) and all(len(_plain(label)) == 1 for label in labels[1])
    if symbols and (placed := by_name(answer, terms.question)):  # x=4, y=2 for 4, 2
        found = _in_order(gold, replace(answer, items=placed), terms)
        return found if found.same or terms.question.named else UNKNOWN
    if (extremes := are_extremes(answer)) is False:
        return different("a maximum below the minimum")
    if (in_order := _in_order(gold, answer, terms)).same:
        return in_order
    if terms.question.sorted or (terms.question.named and not _nouns(gold, answer) and not extremes):
        told = in_order.same is False and not terms.question.extremes
        return different("another order") if told else UNKNOWN
    if not terms.switches.allow("order"):
        return UNKNOWN
    table = [[compare(a, b, terms).same for b in answer.items] for a in gold.items]
    if any(all(same is False for same in row) for row in (*table, *zip(*table, strict=True))):
        return different("an answer that the other does not have")
    if _paired(table, gold.shape == answer.shape == "set"):
        return SAME
    return different("other multiplicities") if all(None not in row for row in table) else UNKNOWN


def _nouns(*sides: Collection) -> bool:
    """True if every item says by a noun of its own which one it is: 14 boys, 11 girls."""
    units = [[item.unit for item in side.items if isinstance(item, Quantity)] for side in sides]
    counted = all(unit.dimension == "count" and not unit.generic for side in units for unit in side)
    return counted and all(len({unit.name for unit in side}) == len(sides[0].items) for side in units)


def _paired(table: list[list[bool | None]], sets: bool) -> bool:
    """True if every item has a partner of its own; of sets, one at all."""
    if sets and len(table) != len(table[0] if table else []):
        return bool(table) and all(map(any, table)) and all(map(any, zip(*table, strict=True)))
    left = list(range(len(table)))
    for row in table:
        found = next((place for place in left if row[place]), None)
        if found is None:
            return False
        left.remove(found)
    return True
