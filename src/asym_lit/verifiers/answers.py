"""Where the answer stands in a response. Whether it is right is not asked here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from asym_lit.types import InputError
from asym_lit.verifiers.denials import denied, looked_back
from asym_lit.verifiers.phrases import phrases
from asym_lit.verifiers.sentences import sentence

Found = Literal["boxed", "brackets", "tag", "hashes", "heading", "phrase", "bare", "nothing"]
MARKERS: tuple[Found, ...] = ("boxed", "brackets", "tag", "hashes", "heading", "phrase")
"""What may point at an answer: `\\boxed{}`; [[ ]]; <answer>; #### at the start of a line; a line of its own that says `Answer`,
with or without a colon; a sentence that says what the answer is."""
LONGEST = 40_000
"""Characters of a response, from its end, in which markers are looked for."""

_BOX = re.compile(r"\\f?box(?:ed)?\s*(?=\{)|\\boxed\s+(?=\S)")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)  # an escaped brace is a character of a set, not a bracket of a group
_JOINT = re.compile(
    r"(?=.*(?:,|and|or))(?:\s|[,;$]|\\[()\[\],; ]|\\quad|\\text\s*\{[^{}\d\\]{0,40}?\b(?:and|or)\s*\}|and|or){1,40}", re.DOTALL
)
_BRACKETS = re.compile(r"\[\[(?!\[\[)([^\n]{0,2000}?)\]\](?!\])|\[\[((?:(?!\[\[)[\s\S]){1,2000}?)\]\](?=\s*\Z)")
_TAG = re.compile(r"<answer>(?:((?:(?!<answer>).)*?)</answer>)?", re.DOTALL | re.IGNORECASE)
_HASHES = re.compile(r"^[ \t]*####[ \t]*(\S[^\n]*)$", re.MULTILINE)
_HEADING = re.compile(
    r"^[ \t>]*(?:#{1,6}[ \t]*)?\**[ \t]*(?:(?:final|my|correct)[ \t]+)?(?:answer|ans|A(?=:))"
    r"[ \t]*(?::[ \t]*\**|\**[ \t]*:|\**[ \t]*$)"
    r"[ \t]*\n{0,2}[ \t]*(\S[^\n]*)",
    re.MULTILINE | re.IGNORECASE,
)
_CLAIM = re.compile(
    r"(?:in)?(?:correct|right|wrong|consistent|reasonable|valid|verified|confirmed|clear|unique|above|below|"
    r"the same|as follows|not\b)",
    re.IGNORECASE,
)
_THOUGHT = re.compile(r"<(/?)think(?:ing)?>")
_NEXT = re.compile(
    r"^[ \t]*(?:#+[ \t]*|\*\*)?(?:(?:Question|Q)[ \t]*\d{0,3}|Problem|Human|User|Instruction|Exercise)[ \t]*(?:\*\*)?:",
    re.MULTILINE,
)
_OTHERS = re.compile(r"nswer|####|\[\[|boxed|A:|Q|Problem|Human|User|Instruction|Exercise|esult|olution", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it stands in a response."""

    text: str
    found: Found
    """Which marker pointed at it."""


class _Mark(NamedTuple):
    """A marker, and what it points at; None if that is cut off."""

    start: int
    end: int
    found: Found
    text: str | None

    @property
    def place(self) -> int:
        """Where what it points at begins, with its own command."""
        return self.end - len(self.text or "") if self.found == "phrase" else self.start


def check_markers(markers: Sequence[str], of: str) -> tuple[Found, ...]:
    """The markers, if all of them are known.

    Raises:
        InputError: If one is not.
    """
    for marker in markers:
        if marker not in MARKERS:
            raise InputError(f"markers of {of} has {marker!r}; allowed: {', '.join(MARKERS)}.")
    return tuple(marker for marker in MARKERS if marker in markers)


def extract_answer(response: str, bare_chars: int = 300, markers: Sequence[Found] = MARKERS) -> Answer:
    r"""The final answer of a response: what the last marker points at, of whatever kind it is.

    A box or tag that is cut off points at nothing, not at an earlier one; what its own sentence denies (`so it is not
    \boxed{17}`) is not meant. Thoughts (`<think>`, closed or not) are not read.
    Behind an answer, a line that begins another question ends the response: base models run on. One short line without a marker
    is the bare answer; in a longer response nothing is found: a number that stands somewhere is no answer.

    Args:
        response: What the policy wrote.
        bare_chars: Longest response, in characters, that may be an answer by itself; 0 asks for a marker.
        markers: Kinds of markers that count.
    """
    text = (_spoken(response) if "think" in response else response)[-LONGEST:]
    if "boxed" in markers and (quick := _single_box(text)) is not None:
        return Answer(quick, "boxed")
    if marks := sorted(_marks(text, markers)):
        end = next((found.start() for found in _NEXT.finditer(text) if found.start() > marks[0].end), len(text))
        meant = (m for m in reversed(marks) if m.start < end and not denied(text, m.place, m.end, m.text))
        last = next(meant, None)
        return Answer(last.text.strip(), last.found) if last and last.text is not None else Answer("", "nothing")
    bare = text.strip()
    return Answer(bare, "bare") if bare and len(bare) <= bare_chars and "\n" not in bare else Answer("", "nothing")


def _spoken(response: str) -> str:
    """What is not thought: behind the last thought that is closed, and before one that is not."""
    start, end = 0, len(response)
    for tag in _THOUGHT.finditer(response):
        if tag[1]:
            start, end = tag.end(), len(response)
        elif end == len(response):
            end = tag.start()
    return response[start:end]


def _single_box(text: str) -> str | None:
    """The content of the only box, where nothing behind it can be a marker: most responses end so."""
    start = text.find("\\boxed{")
    if start < 0:
        return None
    close = text.find("}", start)
    inside = text[start + 7 : close]
    told = close < 0 or "{" in inside or "\\" in inside or _OTHERS.search(text, close) or denied(text, start, close + 1, inside)
    return None if told else inside.strip()


def _marks(text: str, markers: Sequence[Found]) -> Iterator[_Mark]:
    """All markers; what stands in a box or in brackets is the answer's."""
    held = [*_boxes(text)] if "boxed" in markers else []
    if "brackets" in markers:
        held += [
            _Mark(m.start(), m.end(), "brackets", _within(m[0]))
            for m in _BRACKETS.finditer(text)
            if not _inside(m.start(), held)
        ]
    yield from held
    box = min((mark.start for mark in held), default=len(text))
    if "tag" in markers:
        yield from (_Mark(m.start(), m.end(), "tag", m[1]) for m in _TAG.finditer(text) if not _inside(m.start(), held))
    if "hashes" in markers:
        for m in _HASHES.finditer(text):
            number = re.match(r"[*$(\[{+-]*\s*[\d.\\]", m[1]) and not re.search(r"(?<!\\)\b[A-Za-z]{3,}", m[1])
            if (number or not text[m.end() :].strip()) and not _inside(m.start(), held):  # else it is a heading
                yield _Mark(m.start(), m.end(), "hashes", m[1].strip(" *\t"))
    if "heading" in markers:
        choices = re.search(r"^[ \t]*B:", text, re.MULTILINE)
        for m in _HEADING.finditer(text):
            listed = choices and m[0].lstrip()[:2] == "A:"
            if not listed and not _inside(m.start(), held) and not _CLAIM.match(m[1]):
                yield _Mark(m.start(), m.end(), "heading", sentence(m[1]))
    if "phrase" in markers:
        said_at = [m for m in phrases(text) if not _inside(m.start(), held)]
        strong = [m for m in said_at if not m["weak"]]
        for m in strong or (said_at if box == len(text) else []):
            said = sentence(m["rest"])
            telling = re.search(r"[\d$\\]", said) or len(said.split()) < 2 or m.start() < box
            if telling and not (m.start() > box and (_CLAIM.match(said) or looked_back(text, m.start(), said))):
                yield _Mark(m.start(), text.find(said, m.start("rest")) + len(said), "phrase", said)


def _within(text: str) -> str:
    """[[A]] points at A; [[A];[B]] at [A];[B]."""
    depths, depth = [], 0
    for character in text[2:-2]:
        depth += (character == "[") - (character == "]")
        depths.append(depth)
    return text[1:-1] if min(depths, default=0) < 0 else text[2:-2]


def _inside(place: int, held: Sequence[_Mark]) -> bool:
    return any(mark.start < place < mark.end for mark in held)


def _boxes(text: str) -> list[_Mark]:
    r"""All `\boxed{...}`, of boxes in a box the outer one; with commas, and, or between them they are one answer."""
    if not (starts := list(_BOX.finditer(text))):
        return []
    closes: dict[int, int] = {}
    open_: list[int] = []
    for brace in _BRACE.finditer(text, starts[0].start()):
        if brace[0] == "{":
            open_.append(brace.start())
        elif brace[0] == "}" and open_:
            closes[open_.pop()] = brace.start()
    boxes: list[_Mark] = []
    for match in starts:
        place = match.end()
        if boxes and match.start() < boxes[-1].end:
            continue  # inside of the box before
        if text[place] == "{" and place not in closes:
            boxes.append(_Mark(match.start(), len(text), "boxed", None))
            break  # cut off: whatever is in it is too
        inside = text[place + 1 : closes[place]] if text[place] == "{" else text[place:].split(maxsplit=1)[0].rstrip("$.,")
        end = place + len(inside) + 2 * (text[place] == "{")
        if boxes and _JOINT.fullmatch(text, boxes[-1].end, match.start()):
            before = boxes.pop()
            joint = " or " if re.search(r"\bor\b", text[before.end : match.start()]) else ", "
            boxes.append(_Mark(before.start, end, "boxed", f"{before.text}{joint}{inside.strip()}"))
        else:
            boxes.append(_Mark(match.start(), end, "boxed", inside.strip()))
    return boxes
