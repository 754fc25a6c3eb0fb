"""Whether two answers are the same, by the rules."""

from __future__ import annotations

import re
from functools import lru_cache

from asym_lit.verifiers.maths.rules.catalogue import Switches
from asym_lit.verifiers.maths.rules.cleaning import clean, compact, without_explanation
from asym_lit.verifiers.maths.rules.forms import Form, form_of
from asym_lit.verifiers.maths.rules.leaves import same_leaf
from asym_lit.verifiers.maths.rules.regions import Piece, region_of, unknown_of
from asym_lit.verifiers.maths.rules.renaming import renamed

LONGEST_LIST = 60


class Matcher:
    """Compares answers by the rules that are on.

    Args:
        on: Names of the rules.
        digits: Significant digits that a decimal needs to stand for a longer number.
    """

    def __init__(self, on: frozenset[str], digits: int) -> None:
        self.on, self.digits = on, digits
        self._read = lru_cache(maxsize=4096)(self._read_answer)

    def _read_answer(self, answer: str) -> tuple[str, Form, str, tuple[str, ...]]:
        switches = Switches(self.on)
        text, condition = without_explanation(clean(answer, switches), switches)
        return text, form_of(text, switches), condition, tuple(switches.used)

    def same(self, gold: str, answer: str, question: str) -> Switches | None:
        """The rules by which an answer is the gold one; None if it is not."""
        gold_text, gold_form, gold_condition, gold_rules = self._read(gold)
        text, form, condition, rules = self._read(answer)
        switches = Switches(self.on, dict.fromkeys(gold_rules + rules))
        if not text or not gold_text:
            return None
        if gold_condition and condition and compact(gold_condition) != compact(condition):
            return None  # a condition may be left out, but not be another one
        if self._match(gold_text, gold_form, text, form, switches):
            return switches
        if "names" in self.on and (other := renamed(gold_text, text, question)):
            switches = Switches(self.on, dict.fromkeys((*gold_rules, *rules, "names")))
            if self._match(gold_text, gold_form, other, form_of(other, switches), switches):
                return switches
        return None

    def _match(self, gold_text: str, gold: Form, text: str, form: Form, switches: Switches) -> bool:
        for one, other in ((gold_text, text), (_before_approx(gold_text), _before_approx(text))):
            if one and other and same_leaf(one, other, switches, self.digits):
                return True
        return self._same_region(gold_text, text, switches) or self._same_form(gold, form, switches)

    def _same_region(self, gold: str, answer: str, switches: Switches) -> bool:
        one, other = region_of(gold, switches), region_of(answer, switches)
        if not one or not other or len(one) != len(other):
            return False
        unknowns = unknown_of(gold), unknown_of(answer)
        if all(unknowns) and unknowns[0] != unknowns[1]:
            return False
        return all(self._same_piece(a, b, switches) for a, b in zip(one, other, strict=True)) and switches.allow("intervals")

    def _same_piece(self, gold: Piece, piece: Piece, switches: Switches) -> bool:
        if (gold.low_closed, gold.high_closed) != (piece.low_closed, piece.high_closed):
            return False
        ends = ((gold.low, piece.low), (gold.high, piece.high))
        return all(a.lstrip("+ ") == b.lstrip("+ ") or same_leaf(a, b, switches, 99) for a, b in ends)

    def _same_form(self, gold: Form, form: Form, switches: Switches) -> bool:
        if gold.label and form.label and not _same_label(gold.label, form.label):
            return False
        if gold.label != form.label and not switches.allow("label"):
            return False
        if gold.kind == form.kind == "leaf":
            return same_leaf(gold.text, form.text, switches, self.digits)
        if "leaf" in (gold.kind, form.kind) or len(gold.items) != len(form.items) or len(gold.items) > LONGEST_LIST:
            return False
        if gold.kind == form.kind == "list":
            return self._same_list(gold, form, switches)
        if gold.kind != form.kind:
            return switches.allow("structure") and self._in_order(gold, form, switches)
        return gold.text == form.text and self._in_order(gold, form, switches)

    def _in_order(self, gold: Form, form: Form, switches: Switches) -> bool:
        return all(self._same_form(a, b, switches) for a, b in zip(gold.items, form.items, strict=True))

    def _same_list(self, gold: Form, form: Form, switches: Switches) -> bool:
        """Items paired off one to one; by label where both have them, else in any order."""
        labels = [{item.label: item for item in side.items} for side in (gold, form)]
        if set(labels[0]) == set(labels[1]) and len(labels[0]) == len(gold.items) > 1:
            return all(self._same_form(item, labels[1][label], switches) for label, item in labels[0].items())
        if gold.text != form.text:
            switches.allow("structure")
        if self._in_order(gold, form, switches):
            return True
        if not switches.allow("order"):
            return False
        left = list(form.items)
        for item in gold.items:
            found = next((other for other in left if self._same_form(item, other, switches)), None)
            if found is None:
                return False
            left.remove(found)
        return True


def _before_approx(text: str) -> str:
    """What is exact, where an approximation of it follows."""
    exact = text.split("\\approx")[0].strip()
    return exact if re.search(r"\d", exact) else text


def _same_label(gold: str, answer: str) -> bool:
    """Spaces, braces and case aside; f(x) and f(z) are made the same by renaming, x and y are not the same unknown."""
    plain = [re.sub(r"[\s{}\\]|text", "", label).lower() for label in (gold, answer)]
    return plain[0] == plain[1]
