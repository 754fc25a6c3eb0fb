"""Where a response says in a sentence what its answer is. Which of several marks counts is decided in `answers`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from asym_lit.verifiers.sentences import sentence

_PHRASE = re.compile(
    r"(?P<weak>\b(?:result|solutions?)\b)?(?(weak)|\banswers?\b)(?:\s+(?:to|of|for)\b[^.:\n=]{1,80}?)?\s*"
    r"(?:(?:is|are|equals?)(?:\s+(?:thus|therefore|then))?\b\s*:?|:)(?:\*\*)?\s{0,4}"
    r"(?P<rest>\\\[[\s\S]{1,1000}?\\\]|\$\$[\s\S]{1,1000}?\$\$|[^\n\s:][^\n]*)",
    re.IGNORECASE,
)
_ANOTHER = re.compile(r"\b(?:Question|Problem|Exercise|Q)\s*\d{0,3}\s*:")


def phrases(text: str) -> Iterator[re.Match[str]]:
    """What says the answer: the first sentence of each line that does, and later ones of the line that name a number.

    `The answer is 7. No: 3+5=8. The answer is 8.` says it twice, `The answer is 8. The answer is correct.` once. Behind the
    answer another question may follow on the same line; its answer is not this one's.
    """
    place, line = 0, -1
    while match := _PHRASE.search(text, place):
        said = sentence(match["rest"])
        if match.start() >= line or re.search(r"\d", said):
            yield match
        line = max(line, match.end())
        behind = text.find(said, match.start("rest")) + len(said)
        goes_on = behind < match.end() and text.startswith(". ", behind)
        following = _PHRASE.search(text, behind, match.end()) if goes_on else None
        if following and not _ANOTHER.search(text, behind, following.start()):
            place = following.start()
        else:
            place = match.end()
