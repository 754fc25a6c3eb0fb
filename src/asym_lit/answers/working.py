"""Work shown before a value: `700\\times 379 = 265300` answers as its last part does, if it is right."""

from __future__ import annotations

import re

from asym_lit.answers.values import apart, number_of

_OPERATION = re.compile(r"[\d)}]\s*(?:[-+*/]|\\times|\\cdot|\\div)\s*[\d({\\]")
ROUNDING = 1e-12
"""Relative error up to which work and value are the same: they are computed in floating point."""


def behind_working(text: str) -> str:
    """The value behind a piece of work on numbers; the text itself if it holds none, or wrong one."""
    working, equals, value = text.rpartition("=")
    if not equals or not _OPERATION.search(working):
        return text
    one, other = number_of(working.strip()), number_of(value.strip())
    return text if one is None or other is None or apart(one, other, ROUNDING) else value.strip()
