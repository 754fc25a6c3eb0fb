"""What a question measures by its noun: an area, a speed, a price."""

from __future__ import annotations

import re

from asym_lit.answers.things import ENDS
from asym_lit.answers.tokens import word_set
from asym_lit.answers.units import singular

_SPEED, _TIME = "[length] / [time]", "[time]"
_MEASURES = {
    "area": ("[length] ** 2", "square unit"), "volume capacity": ("[length] ** 3", "cubic unit"),
    "length perimeter circumference distance height width radius diameter depth altitude hypotenuse": ("[length]", "unit"),
    "far tall high wide deep thick": ("[length]", "unit"),
    "speed velocity fast": (_SPEED,), "acceleration": ("[length] / [time] ** 2",),
    "mass weight weigh heavy": ("[mass]", "[length] * [mass] / [time] ** 2"), "old age duration": (_TIME,),
    "long": (_TIME, "[length]", "unit"), "time": (_TIME,),
    "cost price pay paid earn earned spend spent money profit salary wage revenue income bill worth owe charge fare fee fine "
    "budget savings loss earnings": ("money",),
}  # fmt: skip
_DIMENSIONS = {word: dimensions for words, dimensions in _MEASURES.items() for word in words.split()}
HEADS = re.compile(
    r"\b(?:what(?:['\u2019]s)?|find|determine|calculate|compute|work out|figure out|how (?=much|far|tall|high|wide|deep|thick|"
    r"fast|heavy|old|long))\b",
    re.IGNORECASE,
)
_SHARES = word_set("percent percentage ratio fraction times probability")
_OTHERS = _SHARES | word_set("number many value part share")
PURE = ("number",)
"""Of a share, which has no unit of measure."""


def measured_in(sentence: str) -> tuple[str, ...]:
    """What the noun that is asked for measures."""
    for place in reversed(list(HEADS.finditer(sentence))):
        much = re.match(r"much\b", sentence[place.end() :], re.IGNORECASE) is not None
        head = list[str]()
        for word in re.findall(r"[A-Za-z]+|\S", sentence[place.end() :]):
            if not much and word.lower() in ENDS - word_set(
                "is are was were does did the a an his her their its your our long"
            ):
                break
            if not word[0].isalpha() and word not in ("$", "'", "\u2019", "-"):
                break
            head.append(word.lower())
        if not _OTHERS.isdisjoint(head):
            return () if _SHARES.isdisjoint(head) else PURE
        known = [_DIMENSIONS[word] for word in (*head, *map(singular, head)) if word in _DIMENSIONS]
        if much:
            known = [dimensions for dimensions in known if dimensions in (("money",), _DIMENSIONS["mass"], (_TIME,))]
        if "long" in head and re.search(r"\b(?:takes?|lasts?|took|lasted|until|ago)\b", sentence):
            return (_TIME,)
        if known:
            return known[0] if much or len(set(known)) == 1 else ()
    return ()
