r"""Markers whose own sentence denies what they point at: `so it is not \boxed{17}`; and what only looks back on an answer."""

from __future__ import annotations

import re

BEFORE, BEHIND = 60, 60
"""Characters of a sentence that are looked at, before the marker and behind it."""
LONGEST = 200
"""Characters of what it points at, for telling words from numbers."""
_OPENS = r"(?:[\s$*~({\[\"']|\\[(\[]|\\text\s*\{|\\mathbf\s*\{)*"
_NOT_THIS = re.compile(
    r"(?:\b(?:not|never|cannot|neither|nor)|\b(?:is|are|was|were|does|do|did|can|could|must|would|should|wo|ca)n['\u2019]?t)"
    r"(?:\s+(?:possibly|actually|really|simply|just|yet))?"
    r"(?:\s+(?:be|equal(?:s| to)?|have been|give|mean))?"
    r"(?:\s+(?:the (?:final )?(?:answer|value|result)|[a-zA-Z]\s*=|\$?[a-zA-Z]\s*=))?"
    rf"\s*{_OPENS}$|\b(?:rather than|instead of|anything but|other than)\s*{_OPENS}$|"
    r"\b(?:(?:do(?:es)? not|do(?:es)?n['\u2019]t|cannot|can['\u2019]t) (?:think|believe|accept|mean)(?: that)?|doubt(?: that)?|"
    r"(?:it is|it['\u2019]s|it isn['\u2019]t) (?:false|wrong|incorrect|unlikely|impossible|untrue|(?:not )?true) that|if) "
    r"(?:the (?:final )?answer|it|this|that|\$?[a-zA-Z]\$?) (?:is|was|were|equals|could be|would be|can be|=)"
    rf"\s*{_OPENS}$|\b(?:wrong|incorrect|false|mistake) to (?:say|claim|write|answer|think)(?: that)?(?: it is)?"
    rf"\s*{_OPENS}$|"
    rf"(?:\\neq?(?![a-z])|≠)\s*{_OPENS}$",
    re.IGNORECASE,
)
_EXCEPTED = re.compile(r"\b(?:why|whether or|or|if)\s*$", re.IGNORECASE)
_NOBODY = re.compile(r"\b(?:no|none|nothing|nobody|cannot be)\b", re.IGNORECASE)
_CLOSES = r"(?:[\s$*.,;:)}\]~\"']|\\[)\]]){0,8}"
_IS = r"(?:is|are|was|were|would be|must be|has to be|looks|seems|turns out(?: to be)?)"
_WRONG = (
    r"(?:(?:clearly|obviously|definitely|certainly|also|therefore|thus|in fact|actually)\s+)?"
    r"(?:wrong|incorrect|mistaken|a mistake|an error|ruled out|invalid|not (?:the |a )?(?:final |correct |right |valid )*"
    r"(?:answer|solution|result|value|correct|right|possible|valid|it)\b)"
)
_NOT_SO = re.compile(
    rf"{_CLOSES}(?:(?:which|that|this|it|but (?:this|that|it)|(?:this|that) (?:answer|value|result)|the answer)\s+)?"
    rf"(?:{_IS}\s+{_WRONG}|"
    r"(?:isn|wasn|aren)['\u2019]t\s+(?:the |a )?(?:final |correct |right )*(?:answer|solution|correct|right)\b|"
    r"(?:cannot|can['\u2019]t) be (?:the |a )?(?:final |correct |right )*(?:answer|right|correct|true|it)\b|"
    r"(?:does not|doesn['\u2019]t|fails to) (?:work|satisfy|check)\b)|[\s$*]*\?\s*No\b(?! doubt| other)",
    re.IGNORECASE,
)
_HINTS = re.compile(
    r"n(?:ot|['\u2019]t|ever|or|either)|N(?:ot|ever|or|either)|doubt|that|if |If |than|instead|but|wrong|incorrect|"
    r"false|mistake|\\ne|≠"
)
"""Something of this stands before every denial; each part begins with its letter, which is what makes the search quick."""
_FAULTS = re.compile(r"not|n['\u2019]t|wrong|incorrect|mistake|error|ruled|invalid|fails|\?")
"""And of this behind."""
_CHOICE = re.compile(r"\W*(?:\\text[a-z]*\s*\{)?\W*[A-Za-z]\W*|(?:.*[^\W\d_]{4}.*)", re.DOTALL)


def denied(text: str, start: int, end: int, inside: str | None) -> bool:
    r"""True if the sentence of a marker says that this is not the answer.

    Of a choice, or of words, only what stands before counts: `statement \boxed{B} is incorrect` may answer the question.

    Args:
        text: The response.
        start: Where the marker begins.
        end: Where it ends.
        inside: What it points at.
    """
    if _HINTS.search(text, max(0, start - BEFORE), start):
        before = text[max(0, start - BEFORE) : start]
        sentence = re.split(r"(?<=[.!?])\s|\n\n", before)[-1]
        found = _NOT_THIS.search(sentence)
        if found and not (_NOBODY if found[0].lower().startswith("other") else _EXCEPTED).search(sentence[: found.start()]):
            return True
    if not _FAULTS.search(text, end, end + BEHIND) or inside is None or _CHOICE.fullmatch(inside[:LONGEST]):
        return False
    return _NOT_SO.match(text, end, end + BEHIND) is not None


_CHECKS = re.compile(r"\b(?:check|verify|confirm|test|prove|coincidence|notice)\b[^.\n]*\Z", re.IGNORECASE)


def looked_back(text: str, place: int, said: str) -> bool:
    """True for `we may check our answer: 17 = ...` and `Is it a coincidence that the answer is 24?`, behind a box."""
    return said.endswith("?") or _CHECKS.search(text, max(0, place - 80), place) is not None
