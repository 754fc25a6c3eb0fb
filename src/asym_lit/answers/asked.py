"""The expression that a question asks for: `Find $m+n$` is answered by 204 and by m+n=204, not by m=204."""

from __future__ import annotations

import re

from asym_lit.answers.cleaning import compact
from asym_lit.answers.questions import Question
from asym_lit.answers.splitting import cut
from asym_lit.answers.tokens import word_set

_ASKED = re.compile(
    r"(?:find|compute|evaluate|determine|calculate|what is|value of|enter|give)\s+(?:the (?:value of )?)?"
    r"(?:\$([^$]+)\$|\\\((.+?)\\\))",
    re.IGNORECASE,
)
_SYMBOL = re.compile(r"\\?[A-Za-z]+(?:_\{?\w+\}?)?")
_RELATIONS = word_set("= \\leq \\geq < > \\neq \\approx \\in \\equiv")


def without_asked(text: str, question: Question) -> str:
    """What an answer says of the very expression that is asked for; the text itself if it says it of another."""
    if "=" not in text or not question.text:
        return text
    parts, signs = cut(text, lambda token: token in _RELATIONS)
    if signs != ["="] or not parts[1] or _SYMBOL.fullmatch(parts[0]) or not re.search(r"[A-Za-z]", parts[0]):
        return text
    return parts[1] if _bare(parts[0]) in map(_bare, asked_for(question)) else text


def of_another(text: str, question: Question) -> bool:
    """True if an answer gives the value of a symbol, and the question asks for an expression that only holds it."""
    parts, signs = cut(text, lambda token: token in _RELATIONS)
    if signs != ["="] or not _SYMBOL.fullmatch(parts[0]):
        return False
    name, wanted = _bare(parts[0]), [_bare(one) for one in asked_for(question)]
    held = [
        re.search(rf"(?<![A-Za-z\\]){re.escape(name)}(?![A-Za-z])", one) and not one.startswith((f"{name}(", f"{name}_"))
        for one in wanted
    ]
    return bool(wanted) and all(held) and name not in wanted


def asked_for(question: Question) -> list[str]:
    """Formulas behind a verb that asks."""
    return [found[1] or found[2] for found in _ASKED.finditer(question.text)]


def _bare(text: str) -> str:
    return compact(text.strip(" .,")).replace(" ", "")
