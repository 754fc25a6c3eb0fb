"""Where the answer stands in a response. Whether it is right is not asked here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Found = Literal["boxed", "tag", "hashes", "phrase", "bare", "nothing"]

_BOX = re.compile(r"\\f?box(?:ed)?\s*(?=\{)|\\boxed\s+(?=\S)")
_JOINT = re.compile(
    r"(?=.*(?:,|and|or))(?:\s|[,;$]|\\[()\[\],; ]|\\quad|\\text\s*\{\s*,?\s*(?:and|or)\s*\}|and|or){1,40}", re.DOTALL
)
_IS = re.compile(r".*\b(?:is|are|equals)\s+(?=[\d$\\(\[{-])(.+)", re.DOTALL)
_TAG = re.compile(r"<answer>(.*?)</answer>", re.DOTALL | re.IGNORECASE)
_HASHES = re.compile(r"^[ \t]*####[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_PHRASE = re.compile(
    r"(?:\*\*)?\b(?:answers?|result|solutions?)\b(?:\s+(?:to|of|for)\b[^.:\n=]{1,80}?)?\s*"
    r"(?:(?:is|are|equals?)(?:\s+(?:thus|therefore|then))?\b\s*:?|:)(?:\*\*)?[ \t]*\n?[ \t]*(?P<rest>[^\n]+)",
    re.IGNORECASE,
)
_THOUGHT = re.compile(r"^.*</think>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it stands in a response."""

    text: str
    found: Found
    """Which marker pointed at it."""


def extract_answer(response: str, bare_chars: int = 300) -> Answer:
    r"""The final answer of a response: the last marker of the strongest kind that is there.

    Kinds, strongest first: `\boxed{...}` or `\fbox{...}` (braces matched), `<answer>` tags, `####` at the start of a line,
    "the answer is ...". What stands before `</think>` is never read. A response of one short line without a marker is taken as
    the bare answer; in a longer one, nothing is found: a number that happens to stand somewhere is not an answer.

    Args:
        response: What the policy wrote.
        bare_chars: Longest response, in characters, that may be an answer by itself; 0 asks for a marker.
    """
    text = _THOUGHT.sub("", response)
    boxed = last_boxed(text)
    if boxed is not None:
        return Answer(boxed.strip(), "boxed")
    if tagged := _TAG.findall(text):
        return Answer(tagged[-1].strip(), "tag")
    if hashed := _HASHES.findall(text):
        return Answer(hashed[-1].strip(), "hashes")
    phrases = list(_PHRASE.finditer(text))
    if phrases:
        return Answer(_sentence(phrases[-1]["rest"]), "phrase")
    bare = text.strip()
    if bare and len(bare) <= bare_chars and "\n" not in bare:
        return Answer(bare, "bare")
    return Answer("", "nothing")


def last_boxed(text: str) -> str | None:
    r"""What stands in the last complete `\boxed{...}`; of boxes in a box, the outer one. None without one.

    Boxes with nothing between them but commas, and, or are one answer.
    """
    found, end = None, 0
    for match in _BOX.finditer(text):
        if match.start() < end:
            continue  # inside of the box before
        inside = _braced(text, match.end()) if text[match.end()] == "{" else text[match.end() :].split()[0]
        if inside is not None:
            joined = found is not None and _JOINT.fullmatch(text, end, match.start())
            found = f"{found}, {inside.strip()}" if joined else inside.strip()
            end = match.end() + len(inside) + 2 * (text[match.end()] == "{")
    return found


def _braced(text: str, start: int) -> str | None:
    """What stands between the brace at `start` and its partner; None if it has none."""
    depth, position = 0, start
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1  # an escaped brace is a character of a set, not a bracket of a group
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return text[start + 1 : position]
        position += 1
    return None


def _sentence(rest: str) -> str:
    """The first sentence of a line: up to a full stop before a space or the end, outside of `$...$`."""
    rest = rest.strip().strip("*").strip()
    dollars = 0
    for position, character in enumerate(rest):
        dollars += character == "$"
        ends = character == "." and rest[position + 1 : position + 2] in ("", " ", "*")
        if ends and dollars % 2 == 0:
            rest = rest[:position].strip().strip("*").strip()
            break
    named = _IS.fullmatch(rest)  # the largest n is 34
    return named[1] if named else rest
