r"""Where the answer to a puzzle stands in a response: the last of the marks that its kind asks for, whichever that is.

Readers of what is found there are in `literals`. All of it is linear in the length of a response.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

LONGEST = 40_000
"""Characters of a response, from its end, that are looked at."""
SHORT = 300
"""Most characters of a response without a mark that is an answer by itself."""

Mark = Literal["boxed", "fenced", "nested", "brackets", "braces", "phrase", "bare"]
"""`\\boxed{}`; a block of code; `[[ ]]`; `[ ]`; `{ }`; a line that says what the answer is; a short line, or the inside of
`<answer>`, by itself."""

_TAG = re.compile(r"<answer>((?:(?!<answer>).)*?)</answer>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]*```[^\n`]*$", re.MULTILINE)
_INLINE_FENCE = re.compile(r"```(?:python)?[ \t]*([^\n`]+)```")
_BOX = re.compile(r"\\f?boxed\s*(?=\{)")
_SAYS = r"(?:\banswers?[ \t]*(?:is|are|:)|答案(?:是|为|\uff1a|:))[ \t:\uff1a]*+"
_PHRASE = re.compile(_SAYS + r"(?!(?:in)?correct|right|wrong|consistent|\s*$)", re.IGNORECASE | re.MULTILINE)
_PAIRS = {"]": "[", "}": "{"}


class _Span(NamedTuple):
    end: int
    start: int
    text: str


def spoken(response: str) -> str:
    """What is answered: behind the thoughts, and within the last `<answer>` if there is one.

    A thought that is not closed hides all that follows it.
    """
    text = response[-LONGEST:]
    _, closed, behind = text.rpartition("</think>")
    text = behind if closed else text.partition("<think>")[0]
    tags = _TAG.findall(text)
    return tags[-1].strip() if tags else text


def find(response: str, marks: tuple[Mark, ...]) -> str | None:
    """What the last mark of these kinds points at; None if there is none.

    Args:
        response: What the policy wrote.
        marks: Kinds that count. `bare` counts only where nothing else is found.
    """
    text = spoken(response)
    found = max(
        (span for mark in marks if mark not in ("phrase", "bare") for span in _spans(text, mark)), default=None, key=_place
    )
    said = next(_spans(text, "phrase"), None) if "phrase" in marks else None
    if said and (found is None or found.end <= said.start):  # else its line holds a mark: "The answer is $\boxed{5}$."
        found = said
    if found is not None:
        return found.text.strip()
    bare = text.strip()
    inside = "<answer>" in response[-LONGEST:].lower()
    alone = len(bare) <= SHORT and ("\n" not in bare or bare[0] in "[({")  # a grid may stand on several lines
    return bare if "bare" in marks and bare and (inside or alone) else None


def _place(span: _Span) -> tuple[int, int]:
    """The later end, and of those the one that holds the other."""
    return span.end, -span.start


def _spans(text: str, mark: Mark) -> Iterator[_Span]:
    if mark == "boxed":
        closing = dict(_pairs(text, "}"))
        for box in _BOX.finditer(text):
            if (end := closing.get(box.end())) is not None:
                yield _Span(end + 1, box.start(), text[box.end() + 1 : end])
    elif mark == "fenced":
        opening: re.Match[str] | None = None
        for fence in _FENCE.finditer(text):
            if opening is None or fence[0].strip("` \t\r"):  # one that names a language opens, whatever stands before
                opening = fence
            else:
                yield _Span(fence.end(), opening.start(), text[opening.end() : fence.start()])
                opening = None
        yield from (_Span(m.end(), m.start(), m[1]) for m in _INLINE_FENCE.finditer(text))
    elif mark == "nested":
        yield from (_Span(e + 1, s, text[s : e + 1]) for s, e in _pairs(text, "]") if text[s + 1 : s + 9].lstrip()[:1] == "[")
    elif mark in ("brackets", "braces"):
        yield from (_Span(e + 1, s, text[s : e + 1]) for s, e in _pairs(text, "]" if mark == "brackets" else "}"))
    elif mark == "phrase":
        for said in list(_PHRASE.finditer(text))[-1:]:
            end = text.find("\n", said.end())
            end = len(text) if end < 0 else end
            yield _Span(end, said.start(), text[said.end() : end])


def _pairs(text: str, closing: str) -> Iterator[tuple[int, int]]:
    """Where brackets of a kind open and close, by a stack: one that never closes, or never opened, is passed over."""
    opening = _PAIRS[closing]
    waiting: list[int] = []
    for found in re.finditer(rf"[\{opening}\{closing}]", text):
        if found[0] == opening:
            waiting.append(found.start())
        elif waiting:
            yield waiting.pop(), found.start()
