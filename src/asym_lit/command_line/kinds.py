"""Kinds of values in words for people; which value was wrong, and where: `mistakes`."""

from __future__ import annotations

import re
from collections.abc import Sequence

KINDS = {
    "<class 'int'>": "a whole number",
    "<class 'float'>": "a number",
    "<class 'bool'>": "true or false",
    "<class 'str'>": "text",
    "<class 'NoneType'>": "null",
    "<class 'list'>": "a list",
    "<class 'dict'>": "values by name",
}


def kinds_in_words(kinds: Sequence[str], given: str) -> list[str]:
    """What a parser allows where something else was given, each once.

    Args:
        kinds: As the parser writes them; choices among words are left out.
        given: If it is a word where a list is wanted, it is shown how it would be written as one.
    """
    found = list(dict.fromkeys(KINDS.get(kind, kind) for kind in kinds if "Literal[" not in kind))
    if found[:1] == ["a list"] and re.fullmatch(r"[\w./-]+", given):
        found[0] += f", written '[{given}]'"  # quoted, for a shell would look for files of such names
    return found
