"""Answers in words."""

from __future__ import annotations

import re

from asym_lit.verifiers.maths.rules.catalogue import Switches
from asym_lit.verifiers.maths.rules.cleaning import plain_text

_STOP = frozenset(
    {
        "a",
        "an",
        "the",
        "is",
        "are",
        "be",
        "was",
        "were",
        "of",
        "in",
        "on",
        "at",
        "to",
        "it",
        "its",
        "that",
        "this",
        "there",
        "any",
    }
    | {
        "must",
        "will",
        "would",
        "can",
        "has",
        "have",
        "had",
        "do",
        "does",
        "as",
        "for",
        "therefore",
        "thus",
        "hence",
        "so",
        "then",
    }
)
_DENIALS = frozenset(
    {
        "not",
        "no",
        "never",
        "cannot",
        "neither",
        "nor",
        "without",
        "impossible",
        "except",
        "unless",
        "isn't",
        "doesn't",
        "aren't",
    }
)
_EMPTY = frozenset({"answer", "correct", "right", "true", "solution", "result", "value", "final", "response", "gold", "same"})
"""Words that judges are flattered with; as a part of a sentence they say nothing of mathematics."""
_CHOICES = {"or", "and", "either", "both", "versus", "but", "if"}
_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?|\d+(?:\.\d+)?|[^\sA-Za-z\d]")
_MATHS = re.compile(r"\\[A-Za-z]|[=^_{}<>+*/]")
_COMMAND = re.compile(r"\\[A-Za-z]+")
LONGEST = 200


def same_words(gold: str, answer: str, switches: Switches) -> bool:
    """Texts of the same words, or the subject or predicate of a sentence for the sentence."""
    if "phrasing" not in switches.on or max(len(gold), len(answer)) > LONGEST:
        return False
    gold, answer = plain_text(gold), plain_text(answer)
    words = [_words(text) for text in (gold, answer)]
    if not all(any(word.isalpha() and len(word) > 1 for word in text) for text in words):
        return _same_choice(gold, answer, switches)
    content = [[word for word in text if word not in _STOP and word[0].isalnum()] for text in words]
    if words[0] == words[1] or (content[0] == content[1] and content[0] and not _MATHS.search(gold + answer)):
        return switches.allow("phrasing")
    return _part_of(content[0], content[1], switches) or _part_of(content[1], content[0], switches)


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(_COMMAND.sub(" ", text.strip(" .")))]


def _same_choice(gold: str, answer: str, switches: Switches) -> bool:
    """(C), C and c. name the same choice."""
    letters = [re.fullmatch(r"\(?\s*([A-Z])\s*[).:]?", text) for text in (gold, answer)]
    return all(letters) and letters[0][1] == letters[1][1] and switches.allow("phrasing")  # type: ignore[index]


def _part_of(sentence: list[str], part: list[str], switches: Switches) -> bool:
    """True if the part is one or two words at the beginning or the end of a plain sentence."""
    if not 1 <= len(part) <= 2 or not len(part) < len(sentence) <= 12 or not all(word.isalpha() for word in part):
        return False
    if (set(sentence) | set(part)) & (_DENIALS | _CHOICES) or set(part) & _EMPTY or min(map(len, part)) < 3:
        return False
    at_edge = part in (sentence[: len(part)], sentence[-len(part) :])
    return at_edge and switches.allow("phrasing")
