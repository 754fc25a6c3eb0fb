"""Answers sorted into classes: those that are the same count as one, whoever votes with them or counts them.

Which two are the same is a verifier's word; that several of them hang together is decided here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

_BLANKS = re.compile(r"\s+")
_IDLE = re.compile(r"(?<![\w.]) | (?![\w.])")


def spelled(text: str) -> str:
    """A text without blanks that mean nothing: `1 + 2` is `1+2`, but `1 2` is not `12`."""
    return _IDLE.sub("", _BLANKS.sub(" ", text)).strip()


def classes(texts: Iterable[str], same: Callable[[str, str], bool | None] | None = None) -> dict[str, str]:
    """The class of each text, by the name of its most frequent member.

    The most frequent texts come first, of equals the shorter ones, then by letters; each joins the first class with all of
    whose members it is the same, both ways round. So the order of the texts changes nothing, and a text that is the same as
    two others (5, beside 5 cm and 5 m) does not make one of them. Texts that differ in idle blanks are not asked about.

    Args:
        texts: One for each response that has it.
        same: Whether the second is the same as the first; only True joins. None: spelling alone decides.
    """
    counted = Counter(texts)
    spellings: dict[str, Counter[str]] = {}
    for text, count in counted.items():
        spellings.setdefault(spelled(text), Counter())[text] = count
    ranked = sorted(spellings, key=lambda s: (-spellings[s].total(), len(s), s))
    found: list[list[str]] = []
    for one in ranked:
        home = next((members for members in found if same and all(_both(same, m, one) for m in members)), None)
        if home is None:
            found.append([one])
        else:
            home.append(one)
    names = {members[0]: min(spellings[members[0]].items(), key=lambda item: (-item[1], item[0]))[0] for members in found}
    homes = {one: names[members[0]] for members in found for one in members}
    return {text: homes[spelled(text)] for text in counted}


def _both(same: Callable[[str, str], bool | None], one: str, other: str) -> bool:
    return bool(same(one, other) and same(other, one))
