"""Nouns of what is counted: the words behind `how many`, in the singular."""

from __future__ import annotations

import re

from asym_lit.answers.tokens import word_set
from asym_lit.answers.units import singular

ENDS = word_set(
    "is are was were be been do does did can could will would should must may might has have had there than that which who "
    "whom whose if when where while in on at by from to for with without per each every a an the he she they it you we i his "
    "her their its your our this these those so as after before between among into over under during until once left "
    "altogether remain remaining needed will was not of out up fit go make get"
)
_IRREGULAR = {
    "children": "child", "men": "man", "women": "woman", "people": "person", "mice": "mouse", "feet": "foot", "teeth": "tooth",
    "geese": "goose", "oxen": "ox", "dice": "die", "boxe": "box", "buse": "bus", "dishe": "dish", "glasse": "glass",
    "classe": "class", "peache": "peach", "batche": "batch", "matche": "match", "bushe": "bush", "brushe": "brush",
    "potatoe": "potato", "tomatoe": "tomato", "loave": "loaf", "leave": "leaf", "shelve": "shelf", "knive": "knife",
    "vertice": "vertex", "benche": "bench", "sandwiche": "sandwich", "inche": "inch", "coache": "coach",
}  # fmt: skip


def thing(word: str) -> str:
    """A noun in the singular, irregular ones too."""
    one = singular(word.lower())
    return _IRREGULAR.get(word.lower(), _IRREGULAR.get(one, one))


def nouns_at(text: str) -> set[str]:
    """Words of a noun and of what stands before it, up to a verb or preposition."""
    found = set[str]()
    for word in re.findall(r"[A-Za-z]+(?:['\u2019]s)?|\S", text):
        if not word[0].isalpha() and word not in ("-", ","):
            break
        if word in ("-", ",") or word.lower() in ("and", "or"):
            continue
        if word.lower() in ENDS or (word[0].isupper() and found):
            break
        found.add(thing(word))
    return found
