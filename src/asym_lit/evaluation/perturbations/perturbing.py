"""Pairs out of gold answers, by every change that knows what to do with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from random import Random

from asym_lit.evaluation.perturbations.equal_forms import EQUAL_FORMS
from asym_lit.evaluation.perturbations.equal_numbers import EQUAL_NUMBERS
from asym_lit.evaluation.perturbations.pairs import Change, GoldRow, Pair
from asym_lit.evaluation.perturbations.values import reading_of
from asym_lit.evaluation.perturbations.wrong_forms import WRONG_FORMS
from asym_lit.evaluation.perturbations.wrong_numbers import WRONG_NUMBERS

EQUAL: Mapping[str, tuple[Change, ...]] = {**EQUAL_NUMBERS, **EQUAL_FORMS}
WRONG: Mapping[str, tuple[Change, ...]] = {**WRONG_NUMBERS, **WRONG_FORMS}


def perturbed(rows: Sequence[GoldRow], seed: int = 0, each: int = 2) -> list[Pair]:
    """Right and wrong answers made out of gold ones.

    A label is true by how the answer is made. Where both have a value by the reader of this room, it is checked besides: a
    wrong answer of the gold one's value (0.50 with its last digit left out), or a right one of another, is left out.

    Args:
        rows: Gold answers.
        seed: Of the draws; a row's own do not depend on the other rows.
        each: Most answers of one kind and label for a row.
    """
    found: dict[tuple[str, str, str], Pair] = {}
    for row in rows:
        for right, changes in ((True, EQUAL), (False, WRONG)):
            for pair in _pairs(row, right, changes, seed, each):
                found.setdefault((pair.question, pair.gold, pair.answer), pair)
    return list(found.values())


def _pairs(row: GoldRow, right: bool, changes: Mapping[str, tuple[Change, ...]], seed: int, each: int) -> Iterator[Pair]:
    for kind, makers in changes.items():
        rng = Random(f"{seed}/{kind}/{right}/{row.question}/{row.gold}")
        made = dict.fromkeys(answer for maker in makers for answer in maker(row, rng))
        kept = [answer for answer in made if answer != row.gold and _holds(row.gold, answer, right)]
        for answer in rng.sample(kept, min(each, len(kept))):
            yield Pair(kind, row.question, row.gold, answer, right, row.source)


def _holds(gold: str, answer: str, right: bool) -> bool:
    """False where the values, or the letters, say something else than the label."""
    mine, theirs = reading_of(gold), reading_of(answer)
    if mine is None or theirs is None:
        return right or _bare(gold) != _bare(answer)
    return mine.same(theirs) == right


def _bare(text: str) -> str:
    """Letters and signs alone, in one case."""
    return re.sub(r"\\(?:text|mathrm|mbox|textbf|left|right)|[\s{}$]", "", text).casefold()
