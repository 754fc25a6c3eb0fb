r"""The format of a whole response as a regular expression, matched in linear time where its shape allows that.

`re` tries every place for every gap: `<think>.*</think>\s*<answer>.*</answer>` on 10,000 times `</think><answer>` takes
hundreds of millions of steps. Texts with gaps between them need none of that: if each text is found at its first place behind
the one before, a match is found if there is one.
"""

from __future__ import annotations

import re

from asym_lit.types import InputError

THINK_ANSWER = r"<think>.*</think>\s*<answer>.*</answer>"
"""Thoughts, then the answer, each in its tags, and nothing else."""
_GAP = r"(?:\.|\[\\s\\S\]|\[\\S\\s\])[*+]\??"
_PIECE = re.compile(rf"(?P<gap>{_GAP})|(?P<blanks>\\s\*)|\\(?P<escaped>n|[^\w\s])|(?P<plain>[^\\.*+?{{}}\[\]()|^$])")
_GROUP = re.compile(rf"\((?:\?:)?({_GAP})\)")
_BLANKS = re.compile(r"\s*")
Stretch = tuple[str, ...]
"""Texts with any blanks between them."""


class Format:
    r"""A regular expression that a whole response must match; dots match line ends.

    Texts with `.*`, `.+`, `[\s\S]*`, the same with `?`, and `\s*` between them are matched in linear time. Anything else goes
    to Python's `re`, whose time is that of the expression.

    Args:
        pattern: Empty: everything has the format.
    """

    def __init__(self, pattern: str) -> None:
        try:
            self.pattern = re.compile(pattern, re.DOTALL) if pattern else None
        except re.error as fault:
            raise InputError(f"format is {pattern!r}, which is no regular expression: {fault}.") from fault
        self.stretches = stretches_of(pattern) if pattern else None
        """Texts between gaps, and the fewest characters of each gap; None where the shape is another."""

    def holds(self, response: str) -> bool:
        """Whether a response, without blanks around it, has the format."""
        if self.stretches is not None:
            return _matched(response.strip(), *self.stretches)
        return self.pattern is None or self.pattern.fullmatch(response.strip()) is not None


def stretches_of(pattern: str) -> tuple[list[Stretch], list[int]] | None:
    """Stretches of a pattern, and the fewest characters of the gaps between them.

    Returns:
        None if the pattern has another shape, or less than one gap.
    """
    left = _GROUP.sub(r"\1", pattern.removeprefix("(?s)"))
    left = left.removeprefix("^")
    left = left[:-1] if left.endswith("$") and not left.endswith("\\$") else left
    stretches: list[list[str]] = [[""]]
    gaps: list[int] = []
    at = 0
    while at < len(left):
        found = _PIECE.match(left, at)
        if found is None:
            return None
        at = found.end()
        if found["gap"]:
            stretches.append([""])
            gaps.append(int("+" in found["gap"]))
        elif found["blanks"]:
            stretches[-1].append("")
        else:
            stretches[-1][-1] += found["plain"] or found["escaped"].replace("n", "\n")
    return _tidied(stretches, gaps) if gaps else None


def _tidied(stretches: list[list[str]], gaps: list[int]) -> tuple[list[Stretch], list[int]] | None:
    """Without blanks beside a gap, or an end, that takes them anyway; a gap of `.+` does not."""
    found: list[Stretch] = []
    for parts, before, behind in zip(stretches, [0, *gaps], [*gaps, 0], strict=True):
        several = len(parts) > 1
        if several and ((not parts[0] and before) or (not parts[-1] and behind)):
            return None
        if several and any(character.isspace() for part in parts for character in part):
            return None  # `\s*\n` would have to give blanks back
        found.append(tuple(part for part in parts if part))
    return found, gaps


def _matched(text: str, stretches: list[Stretch], gaps: list[int]) -> bool:
    """Whether a text, without blanks around it, is the stretches with gaps between."""
    at = _end_at(text, 0, stretches[0])
    for gap, stretch in zip(gaps, stretches[1:-1], strict=False):
        at = -1 if at < 0 else _end_behind(text, at + gap, stretch)
    start = _start_of(text, stretches[-1])
    return at >= 0 and start >= at + gaps[-1]


def _end_at(text: str, at: int, stretch: Stretch) -> int:
    """Where a stretch that begins there ends; -1 if it does not."""
    for number, part in enumerate(stretch):
        at = _behind_blanks(text, at) if number else at
        if not text.startswith(part, at):
            return -1
        at += len(part)
    return at


def _end_behind(text: str, at: int, stretch: Stretch) -> int:
    """Where the first stretch from there on ends; -1 if there is none."""
    while stretch:
        at = text.find(stretch[0], at)
        if at < 0:
            return -1
        end = _end_at(text, at, stretch)
        if end >= 0:
            return end
        at += 1
    return at


def _start_of(text: str, stretch: Stretch) -> int:
    """Where the stretch begins that ends the text; -1 if none does."""
    at = len(text)
    for number, part in enumerate(reversed(stretch)):
        at = len(text[:at].rstrip()) if number else at
        if not text.endswith(part, 0, at):
            return -1
        at -= len(part)
    return at


def _behind_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at
