r"""Gold answers out of what a data set holds: the number after `####`, what stands in the last `\boxed`.

Where the answer of a response stands is in `verifiers/answers.py`.
"""

from __future__ import annotations

import re
from typing import Literal

AnswerForm = Literal["plain", "after_hashes", "last_boxed"]
_BOX = re.compile(r"\\(?:boxed|fbox)\s*")


def gold_answer(text: str, form: AnswerForm) -> str | None:
    """The gold answer in a text; None if it has none of this form.

    Args:
        text: What the data set holds.
        form: `plain`: the text is the answer. `after_hashes`: it follows the last `####`, commas in numbers taken out
            (GSM8K). `last_boxed`: it stands in the last `\\boxed` of a solution (MATH).
    """
    if form == "after_hashes":
        _, found, answer = text.rpartition("####")
        return (re.sub(r"(?<=\d),(?=\d)", "", answer).strip() or None) if found else None
    return last_boxed(text) if form == "last_boxed" else text.strip() or None


def last_boxed(text: str) -> str | None:
    r"""What stands in the last `\boxed{...}`, braces balanced, or after the last `\boxed `; None without one."""
    start = None
    for match in _BOX.finditer(text):
        start = match.end()
    if start is None or start == len(text):
        return None
    if text[start] != "{":
        return re.split(r"[\s$]", text[start:], maxsplit=1)[0] or None
    depth = 0
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0) if text[place - 1] != "\\" else 0
        if depth == 0:
            return text[start + 1 : place].strip() or None
    return None
