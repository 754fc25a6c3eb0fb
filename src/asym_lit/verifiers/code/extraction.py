"""The program in a response: the last fenced block behind the thoughts."""

from __future__ import annotations

import re
from textwrap import dedent

LANGUAGES = ("", "python", "py", "python3")
_FENCE = re.compile(r"(?P<fence>```+|~~~+)[ \t]*(?P<language>[\w+#.-]*)[^`\n]*$")
_BEHIND_WORDS = re.compile(r"```[ \t]*(?:python3?|py)[ \t]*$", re.IGNORECASE)


def program_in(response: str, bare: bool = False) -> str | None:
    """The program, or None if there is none.

    Thoughts (`<think>`, closed or not) are not read. A block in another language is none; one that is not closed reaches to the
    end, so that a response that was cut off is not taken for an earlier draft.

    Args:
        response: The whole response.
        bare: Take all of it for a program if it has no fence.
    """
    text = response.rpartition("</think>")[2].partition("<think>")[0]
    found: str | None = None
    block: list[str] = []
    closing, wanted, fenced, indented = "", False, False, False
    for line in text.split("\n"):
        words = line.strip()
        if not closing:
            opened = _FENCE.match(words) or (_BEHIND_WORDS.search(words) and _FENCE.match(words[words.rindex("```") :]))
            if opened:
                closing, wanted = opened["fence"], opened["language"].lower() in LANGUAGES
                fenced, block, indented = True, [], line[:1].isspace()
        elif words.endswith(closing) and (words.strip(closing[0]) == "" or not words.startswith(closing)):
            ahead = line.rstrip()[: -len(closing)]
            found = _whole([*block, ahead] if ahead.strip(" \t`~") else block, indented) if wanted else found
            closing = ""
        else:
            block.append(line)
    if closing and wanted:
        found = _whole(block, indented)
    return found if fenced or not bare else text.rstrip() or None


def _whole(lines: list[str], indented: bool) -> str:
    text = "\n".join(lines)
    return (dedent(text) if indented else text) + "\n"
