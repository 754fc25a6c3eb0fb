"""What the sentence says that a marker begins."""

from __future__ import annotations

import re

_REASON = re.compile(r",?\s+(?:since|because|given that|so that|which|as (?:the|we|it|this|required|desired))\b", re.IGNORECASE)
_IS = re.compile(r".*\b(?:is|are|equals)\s+(?=[\d$\\(\[{-])(.+)", re.DOTALL)


def sentence(rest: str) -> str:
    """The first sentence of a line, without its reasons: up to a full stop before a space or the end, outside of `$...$`."""
    rest = rest.strip(" *\t")
    dollars = 0
    for position, character in enumerate(rest[:2000]):
        dollars += character == "$"
        ends = character == "." and rest[position + 1 : position + 2] in ("", " ", "*")
        if dollars % 2 == 0 and (ends or (character in ", " and _REASON.match(rest, position))):
            rest = rest[:position].strip(" *\t")
            break
    named = _IS.fullmatch(rest)  # the largest n is 34
    return named[1] if named else rest
