"""The program in a response: the last fenced block behind the thoughts."""

from __future__ import annotations

import re
from textwrap import dedent

LANGUAGES = ("", "python", "py", "python3")
_FENCE = re.compile(r"(?P<fence>```+|~~~+)[ \t]*(?P<language>[\w+#.-]*)[^`\n]*$")
_OPENS = re.compile(r"```[ \t]*(?:python3?|py)", re.IGNORECASE)
_BEHIND_WORDS = re.compile(r"```[ \t]*(?:python3?|py)[ \t]*$", re.IGNORECASE)


def program_in(response: str, bare: bool = False) -> str | None:
    """The program, or None if there is none.

    Thoughts (`<think>`, closed or not) are not read. A block in another language is none; one that is not closed reaches to the
    end, so that a response that was cut off is not taken for an earlier draft. A fence that stands four blanks or more behind
    the one that opened the block is text of the block, as in Markdown: programs show examples of their use.

    Args:
        response: The whole response.
        bare: Take all of it for a program if it has no fence.
    """
    text = response.rpartition("</think>")[2].partition("<think>")[0]
    found: str | None = None
    block: list[str] = []
    closing, wanted, fenced, ahead = "", False, False, 0
    for line in text.split("\n"):
        words = line.strip()
        again = closing == "```" and _OPENS.fullmatch(words) and _blanks(line) < ahead + 4  # no line of a program
        if not closing or again:
            opened = _FENCE.match(words) or (_BEHIND_WORDS.search(words) and _FENCE.match(words[words.rindex("```") :]))
            if opened:
                closing, wanted = opened["fence"], opened["language"].lower() in LANGUAGES
                fenced, block, ahead = True, [], _blanks(line)
        elif _closes(line, closing, ahead):
            last = line.rstrip()[: -len(closing)]
            found = _whole([*block, last] if last.strip(" \t`~") else block, ahead) if wanted else found
            closing = ""
        else:
            block.append(line)
    if closing and wanted:
        found = _whole(block, ahead)
    return found if fenced or not bare else text.rstrip() or None


def _closes(line: str, closing: str, ahead: int) -> bool:
    """Whether a line ends a block: a fence by itself, no further in than it may stand, or one behind the last code."""
    words = line.strip()
    if not words.endswith(closing):
        return False
    if not words.strip(closing[0]):
        return _blanks(line) < ahead + 4
    return not words.startswith(closing) and words.count(closing) == 1


def _blanks(line: str) -> int:
    """How far in a line stands; a tab is four."""
    opened = line.expandtabs(4)
    return len(opened) - len(opened.lstrip(" "))


def _whole(lines: list[str], ahead: int) -> str:
    text = "\n".join(lines).removeprefix("\ufeff")
    return (dedent(text) if ahead else text) + "\n"
