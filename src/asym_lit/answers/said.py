"""An amount in a sentence of the question's own words: Leo has 10 stamps, there are 4 rows."""

from __future__ import annotations

import re

from asym_lit.answers.cleaning import plain_text
from asym_lit.answers.questions import Question
from asym_lit.answers.things import ENDS, thing
from asym_lit.answers.tokens import word_set

_SENTENCE = re.compile(
    r"((?:[A-Za-z]+,? ){2,8})(USD |EUR |GBP )?(-?\d[\d,]*(?:\.\d+)?|\\frac\{\d+\}\{\d+\})((?: ?[A-Za-z%]+){0,7})"
)
_FREE = word_set(
    "has have had is are was were there he she it they we will be now the a an of total altogether does did do can so in answer"
)
_BEHIND = word_set("now altogether total old tall long wide high deep away heavy")
_NEVER = word_set("than least most about or and not no nearly almost under over up both either if except but")
LONGEST = 120


def said_in_sentence(text: str, question: Question) -> str | None:
    """The amount and its noun, of a sentence that says nothing that the question's last sentence does not; else None.

    Names stand as there: `Ana has 10 stamps` says nothing of Leo's.

    Args:
        text: Cleaned.
        question: A sentence that denies something is left alone.
    """
    if len(text) > LONGEST or not any(character.isdecimal() for character in text):
        return None
    found = _SENTENCE.fullmatch(plain_text(text).rstrip("."))
    wanted = question.wanted
    if found is None or not wanted.sentence:
        return None
    before, behind = (re.findall(r"[A-Za-z%]+", part) for part in (found[1], found[4]))
    words = [*before, *behind]
    if any(word.lower() in _NEVER for word in words):
        return None
    if not all(word.lower() in _FREE or thing(word) in wanted.sentence for word in words):
        return None
    names = re.findall(r"(?<=\s)[A-Z][a-z]+", wanted.asking)
    mine = [word for word in words if word in names or (word[0].isupper() and word.lower() not in _FREE)]
    told = [name for name in names if name in mine]
    if mine and (told != mine or told[0] != names[0]):
        return None
    noun = [word for word in behind if word.lower() not in ENDS and word.lower() not in _BEHIND]
    stop = next((place for place, word in enumerate(behind) if word not in noun), len(behind))
    return " ".join(filter(None, ((found[2] or "") + found[3], *behind[:stop])))
