"""Pairs of kinds that hardly occur among gold answers of data sets: a problem, its answer and others of it, by a seed."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from asym_lit.evaluation.perturbations.made_asked import ASKED
from asym_lit.evaluation.perturbations.made_digits import DIGITS
from asym_lit.evaluation.perturbations.made_forms import FORMS
from asym_lit.evaluation.perturbations.made_lists import LISTS
from asym_lit.evaluation.perturbations.made_measures import MEASURES
from asym_lit.evaluation.perturbations.made_numbers import NUMBERS
from asym_lit.evaluation.perturbations.made_phrases import PHRASES
from asym_lit.evaluation.perturbations.made_spellings import SPELLINGS
from asym_lit.evaluation.perturbations.made_wanted import WANTED
from asym_lit.evaluation.perturbations.made_words import WORDS
from asym_lit.evaluation.perturbations.pairs import Family, Pair

FAMILIES: Mapping[str, Family] = {
    **NUMBERS,
    **MEASURES,
    **LISTS,
    **WORDS,
    **DIGITS,
    **PHRASES,
    **ASKED,
    **FORMS,
    **WANTED,
    **SPELLINGS,
}


def made(count: int, seed: int = 0) -> list[Pair]:
    """Pairs of every family.

    Args:
        count: Draws of each family; each gives a few pairs, those that were drawn before left out.
        seed: Of the draws.
    """
    found: dict[tuple[str, str, str], Pair] = {}
    for kind, family in FAMILIES.items():
        for draw in range(count):
            for question, gold, answer, right in family(Random(f"{seed}/{kind}/{draw}")):
                pair = Pair(kind, question, gold, answer, right, "made")
                found.setdefault((question, gold, answer), pair)
    return list(found.values())
