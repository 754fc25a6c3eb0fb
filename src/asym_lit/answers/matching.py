"""Whether two answers are the same, by the rules."""

from __future__ import annotations

import re
from functools import lru_cache

from asym_lit.answers.about import about_whole
from asym_lit.answers.catalogue import Switches
from asym_lit.answers.cleaning import clean, compact, plain_text, without_explanation
from asym_lit.answers.comparing import compare
from asym_lit.answers.expressions import Terms
from asym_lit.answers.findings import SAME, UNKNOWN, Finding, different
from asym_lit.answers.groups import joined, listed_apart
from asym_lit.answers.kinds import Expression, Quantity, Reading
from asym_lit.answers.labels import of_another, without_asked
from asym_lit.answers.nothing import same_count
from asym_lit.answers.options import same_option
from asym_lit.answers.questions import Question, read_question
from asym_lit.answers.reader import read
from asym_lit.answers.renaming import names_in, renamed
from asym_lit.answers.replies import same_reply
from asym_lit.answers.said import said_in_sentence
from asym_lit.answers.unevaluated import left_undone
from asym_lit.answers.working import is_the_answer

_E = re.compile(r"(?<![A-Za-z\\])e(?![A-Za-z])")
_INTEGER = re.compile(r"\bintegers?\b|\\in ?(?:\\mathbb ?)?\{?Z\b")
_SOME = re.compile(r"positive|negative|natural|even|odd|[<>^+]|\\(?:geq|leq|neq)|\d")
_SCIENTIFIC = re.compile(r"(?<![\w.\\])(\d+)e(-\d+)(?![\w.])")


class Matcher:
    """Compares answers by the rules that are on.

    Args:
        on: Names of the rules.
        digits: Significant digits that a decimal needs to stand for an exact or longer gold answer; 0 forbids it.
        unevaluated: Accept answers that leave undone what the question asks for.
    """

    def __init__(self, on: frozenset[str], digits: int, unevaluated: bool = False) -> None:
        self.on, self.digits, self.unevaluated = on, digits, unevaluated
        self._read = lru_cache(maxsize=4096)(self._read_answer)
        self._known = lru_cache(maxsize=65536)(self._compared)  # a vote over 128 different answers asks about 16,256 pairs

    def _read_answer(self, answer: str) -> tuple[str, Reading, str, tuple[str, ...]]:
        switches = Switches(self.on)
        text, condition = without_explanation(clean(answer, switches), switches)
        return text, read(text, switches), condition, tuple(switches.used)

    def same(self, gold: str, answer: str, question: str) -> tuple[Finding, Switches]:
        """The finding, and the rules that were used; what is nested too deep cannot be told."""
        return self._known(gold, answer, question)

    def _compared(self, gold: str, answer: str, question: str) -> tuple[Finding, Switches]:
        try:
            return self._same(gold, answer, question)
        except RecursionError:
            return UNKNOWN, Switches(self.on)

    def _same(self, gold: str, answer: str, question: str) -> tuple[Finding, Switches]:
        if not _E.search(answer) or not _E.search(gold):  # 5e-3 is 0.005, unless e is a number on either side
            gold, answer = _SCIENTIFIC.sub(r"\1E\2", gold), _SCIENTIFIC.sub(r"\1E\2", answer)
        asked = read_question(question)
        gold, answer = joined(gold, answer), joined(answer, gold)
        if "," in gold or "," in answer:
            gold, answer = listed_apart(gold, answer, asked), listed_apart(answer, gold, asked)
        gold_text, gold_reading, gold_condition, gold_rules = self._read(gold)
        text, reading, condition, rules = self._read(answer)
        switches = Switches(self.on, dict.fromkeys(gold_rules + rules))
        if not text or not gold_text:
            return UNKNOWN, switches
        if (estimate := about_whole(gold, answer, asked)) is not None:
            return estimate, switches
        phrase = _phrase(gold_text, text, asked)
        if phrase is not None:
            if phrase.same and compact(gold_text) != compact(text) and not switches.allow("phrasing"):
                phrase = UNKNOWN
            return phrase, switches
        amount = said_in_sentence(text, asked) if isinstance(gold_reading, Expression | Quantity) else None
        if amount and switches.allow("explanation"):
            text, reading, condition, rules = self._read(amount)
        headed = text
        if (
            (said := without_asked(text, asked)) != text
            and without_asked(gold_text, asked) == gold_text
            and switches.allow("label")
        ):
            text, reading, condition, rules = self._read(said)
        found = compare(gold_reading, reading, Terms(asked, switches, self.digits))
        if found.same is not False and "=" not in gold_text and of_another(text, reading, asked, bool(names_in(gold_reading))):
            found = different("the value of something else than is asked for")
        names = names_in(gold_reading) if found.same is not True and "names" in self.on else None
        every = bool(gold_condition) and _kind(gold_condition) == _kind(condition) == "integer"
        own = renamed(gold_text, text, names, asked, every) if names and names_in(reading) else None
        if own is None and names and headed != text and names_in(reading):
            own = renamed(gold_text, headed, names, asked, every)
        if own:
            tried = Switches(self.on, dict.fromkeys((*gold_rules, *rules, "names")))
            if compare(gold_reading, read(own, tried), Terms(asked, tried, self.digits)).same:
                found, switches, text = SAME, tried, own
        if found.same and gold_condition and condition and _kind(gold_condition) != _kind(condition):
            found = UNKNOWN  # a condition may be left out, but not be another one
        if found.same and compact(gold_text) != compact(text) and is_the_answer(gold_text, asked):
            found = UNKNOWN
        if found.same is not False and not self.unevaluated and left_undone(gold_text, text, asked):
            found = different("left unevaluated")
        return found, switches


def _phrase(gold: str, answer: str, question: Question) -> Finding | None:
    """The finding on choices, replies and what there is none of; None where neither answer is such."""
    plain = plain_text(gold), plain_text(answer)
    return same_option(gold, answer, question) or same_reply(*plain, question) or same_count(*plain, question)


def _kind(condition: str) -> str:
    """A condition, whatever the name is that it is for; that of any integer is one, however it is written."""
    if _INTEGER.search(condition) and not _SOME.search(condition):
        return "integer"
    return re.sub(r"(?<![A-Za-z\\])[a-z](?![A-Za-z])", "", compact(condition))
