"""Whether a question asks for its answers in an order: a sorted one, or that of the things it names."""

from __future__ import annotations

import re

_MOST = r"(?:\w+est|least|most|best|worst)"
_END = rf"(?:{_MOST}|first|last|left|right|top|bottom|low|high|start|end|beginning)"
SORTED = re.compile(
    r"\b(?:ascending|descending|alphabetical(?:ly)?|chronological(?:ly)?|(?:increasing|decreasing) (?:order|size|magnitude)|"
    r"in (?:the )?(?:\w+ )?order\b(?! to\b| that\b| for\b)|(?:what|which) order\b|order (?:from|of|in which)\b|"
    rf"arrange|permutation|sort(?:ed)?\b|rank(?:ed)?\b|{_MOST} (?:one )?first\b|first, second,? (?:and )?third\b|"
    rf"{_MOST} to (?:the )?{_MOST}\b|from (?:the )?{_END}\b[^.?!]{{0,40}}?\bto (?:the )?{_END}\b)|(?:^|[.?!]\s+)order\b",
    re.IGNORECASE,
)
FREE = re.compile(
    r"\b(?:in )?(?:any|either|whatever|some) order\b|not necessarily in|order does not matter|"
    r"\ball (?:the |of the )?possible\b|\b(?:find|determine|list|give|enter|compute|solve for) all\b|"
    r"\ball (?:the )?(?:\w+ ){0,2}(?:solutions|roots|values|zeros)\b",
    re.IGNORECASE,
)
"""Whatever else it says, the order is the answer's choice; but for one that it sorts by."""

_VERB = (
    r"\b(?:find|determine|give|compute|calculate|state|write(?: down| out)?|evaluate|identify|name|"
    r"what(?:'s| is| are| were| was)|express|list|report|enter|provide|submit|output|fill in)"
)
_NOT = (
    r"(?!(?:and|or|all|every|any|possible|both|two|three|such|that|which|whose|if|when|where|with|for|of|in|on|at|to|so|is|are|"
    r"have|has|real|complex|points?|roots?|solutions?|zeros?|intersections?|union|factors?|divisors?|integers?|numbers?)\b)"
)
_WORD = rf"{_NOT}[A-Za-z][A-Za-z'-]*"
_NAME = r"(?:\$[^$]{1,40}\$|\\\([^)]{1,40}\\\)|[A-Za-z](?![\w'-]))"
_THE = r"(?:(?:the|its|their|his|her|an?|each|your)\s+)?"
_THING = (
    rf"{_THE}(?:(?:(?:values?|numbers?) of\s+|(?:{_WORD}\s+){{0,2}}(?:numbers?\s+|integers?\s+)?){_NAME}|"
    rf"(?:numbers? of\s+)?{_WORD}(?:\s+{_WORD}){{0,2}}(?:\s+of\s+{_THE}{_WORD}(?:\s+{_WORD})?)?)"
    r"(?:,? in (?:square |cubic )?[a-z]+)?"
)
NAMED = re.compile(
    rf"{_VERB}\s+{_THING}(?:\s*,\s*{_THING})*\s*,?\s+(?:and|and then|then|followed by)\s+{_THING}|\brespectively\b|"
    r"\bordered (?:list|pair|triple|quadruple)\b|"
    r"\bcoordinates of (?:the )?(?:\w+ )?(?:point|\w*cent(?:er|re|roid)|vertex|midpoint|focus)\b|"
    rf"\bhow (?:many|much)\s+(?:\w+\s+){{1,3}}?and\s+(?:how (?:many|much)\s+)?\w+|"
    rf"{_VERB}\s+{_THE}(?:first|next|last|missing|initial|following)\s+(?:\w+\s+)?(?:terms|numbers|elements|letters|entries)\b|"
    rf"{_VERB}\s+{_THE}(?:{_WORD}\s+)?sequence\b",
    re.IGNORECASE,
)
"""Two things by name, or the terms of a sequence."""
LONGEST = 4000


def asks_sorted(text: str) -> bool:
    """True if a question says what comes first."""
    return SORTED.search(FREE.sub(" ", text)) is not None


def asks_named(text: str) -> bool:
    """True if it names two things or more, or the terms of a sequence, and does not leave the order open."""
    return len(text) <= LONGEST and FREE.search(text) is None and NAMED.search(text) is not None
