"""What a question says about how its answer is to be read."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache

from asym_lit.answers.orders import asks_named, asks_sorted
from asym_lit.answers.wanted import Wanted, wanted_in

_WORD = re.compile(r"[A-Za-z]+")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_FORMULA = re.compile(r"\$[^$]+\$|\\\([\s\S]+?\\\)|\\\[[\s\S]+?\\\]|\\begin[\s\S]+?\\end")
_NEAR = re.compile(r"\S*[\d=+*/^()<>]\S*")
_OPTION = re.compile(
    r"(?:\\(?:text(?:bf|rm|it)?|mathrm|mathbf|mbox)\s*\{\s*)?(?:\(\s*([A-Ha-h])\s*\)|(?<![A-Za-z\\])([A-H])\s*[.):])\s*\}?"
)


class Question:
    """A question's text, and what can be seen from it.

    Args:
        text: The question; empty if it is not known.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def words(self) -> frozenset[str]:
        """Its words, in small letters."""
        return frozenset(word.lower() for word in _WORD.findall(self.text))

    @cached_property
    def units(self) -> frozenset[str]:
        """What may be names of units: words, and powers and quotients of them."""
        text = self.text.replace("$", "")
        powers = re.findall(r"(?:(?:square|cubic)\s+)?[A-Za-z]{2,}(?:\s*/\s*[A-Za-z]+)?(?:\s*\}?\s*\^\s*\{?\d)?", text)
        rates = re.findall(r"\b[A-Za-z]{1,3}/(?:hr|h|sec|s|min)\b", text)
        plain = rates + re.findall(r"[A-Za-z]+", text) + re.findall(r"[A-Za-z]{2,} per [A-Za-z]{2,}", text)
        return frozenset(
            re.sub(r"[{}]", "", name) for name in (*powers, *plain, *re.findall(r"[A-Za-z]{2,} per [A-Za-z]{2,}", text))
        )

    @cached_property
    def wanted(self) -> Wanted:
        """In what it wants its answer: a unit, a number of things."""
        return wanted_in(self.text)

    @cached_property
    def letters(self) -> frozenset[str]:
        """Its single letters, and in formulas those in products of two or three."""
        text = re.sub(r"\\(?:text|mathrm)\s*\{[^}]*\}", " ", self.text)
        formulas = " ".join(_FORMULA.findall(text)) or " ".join(_NEAR.findall(text))
        runs = [run for run in _WORD.findall(_COMMAND.sub(" ", formulas)) if len(run) <= 3]
        return frozenset(letter for run in (*runs, *re.findall(r"\b[A-Za-z]\b", text)) for letter in run)

    @cached_property
    def formulas(self) -> tuple[str, ...]:
        """What stands between its dollars and brackets of mathematics."""
        return tuple(re.sub(r"^(?:\$+|\\[(\[])|(?:\$+|\\[)\]])$", "", found) for found in _FORMULA.findall(self.text))

    @cached_property
    def symbols(self) -> frozenset[str]:
        """Letters that stand for something in it: those of its formulas, and lone ones that are no articles."""
        text = re.sub(r"\\\$|\\(?:text|mathrm)\s*\{[^}]*\}", " ", self.text)
        formulas = [found for found in _FORMULA.findall(text) if not re.search(r"(?<![\\A-Za-z])[a-z]{3,}\s", found)]
        runs = [run for run in _WORD.findall(_COMMAND.sub(" ", " ".join(formulas))) if len(run) <= 3]
        lone = re.findall(r"(?<![A-Za-z'\\])(?:[b-zB-HJ-Z]|[aAI](?=\s*[-+*/=^_,?]))(?![A-Za-z'])", text)
        products = re.findall(r"(?<![A-Za-z'\\])(?:[A-Z]{2,3}|[a-z]{1,2}(?=\s*[-+*/=^]))(?![A-Za-z'])", text)
        return frozenset(letter for run in (*runs, *lone, *products) for letter in run)

    def _says(self, pattern: str) -> bool:
        return bool(re.search(pattern, self.text, re.IGNORECASE))

    @cached_property
    def percent(self) -> bool:
        """A percentage is asked for; one that is given does not count."""
        asked = (
            r"\b(?:what|which|find|calculate|determine|express(?:ed)?|as|in|how many|nearest)\b(?:\W+\w+){0,3}?\W+per\s?cent"
        )
        return self._says(asked)

    @cached_property
    def clock(self) -> bool:
        """A time of day is."""
        return (
            self._says(r"\bwhat time\b|\bat which time|\bo'?clock\b|\b[ap]\.?m\.?\b|\btime of day\b|\bwhen\b.*\?")
            and not self.ratio
        )

    @cached_property
    def ratio(self) -> bool:
        """A ratio is."""
        return self._says(r"\bratio|\bproportion")

    @cached_property
    def count(self) -> bool:
        """A number of things is."""
        return self._says(r"\bhow many\b|\bnumber of\b")

    @cached_property
    def base(self) -> bool:
        """The answer's base is given."""
        return self._says(r"\bbase\b|\bbinary\b|\boctal\b|\bhexadecimal\b|_\{?\d")

    @cached_property
    def base_asked(self) -> int:
        """The answer's base: ten where none is spoken of, 0 where it cannot be seen."""
        if not self.base:
            return 10
        names = "decimal|denary|binary|octal|hexadecimal"
        found = re.findall(
            rf"\b(?:to|in|into|as|using) (?:a |its )?(?:base[- ]?\$?_?\{{?(\d+|ten|two)\b|({names})\b)",
            self.text,
            re.IGNORECASE,
        )
        said = {(number or name).lower() for number, name in found}
        known = {"ten": 10, "two": 2, "decimal": 10, "denary": 10, "binary": 2, "octal": 8, "hexadecimal": 16}
        return (known.get(word := said.pop()) or int(word)) if len(said) == 1 else 0

    @cached_property
    def rounds(self) -> bool:
        """An approximation will do."""
        return self.rounds_to or self._says(r"\bround(?:ed|ing)\b|\bround (?:off|up|down)\b|\bapproximat|\bestimat")

    @cached_property
    def rounds_to(self) -> bool:
        """It says how far: a decimal gold answer has that many digits."""
        return self._says(
            r"\bround(?:ed)? (?:your|the|to|all|each|it|them|answers?|[-\d$\\])|\bnearest\b|\bdecimal places?\b|"
            r"\bsignificant (?:digits|figures)\b"
        )

    @cached_property
    def sorted(self) -> bool:
        """Answers are asked for in an order that it describes."""
        return asks_sorted(self.text)

    @cached_property
    def named(self) -> bool:
        """Things are asked for by name, one after the other."""
        return asks_named(self.text)

    @cached_property
    def extremes(self) -> bool:
        """The smallest and the largest of something are asked for: their values say which is which."""
        most = r"(?:min|max|least|greatest|smallest|largest|lowest|highest)\w*"
        return self._says(rf"\b{most}(?: value)? and (?:the )?{most}\b")

    @cached_property
    def several(self) -> bool:
        """More than one answer may be."""
        return self._says(r"\ball\b|\bsolutions\b|\broots\b|\bvalues\b|\bangles\b|\bnumbers\b|\bcommas\b|\banswers\b")

    @cached_property
    def commas(self) -> bool:
        """Commas are asked for between answers."""
        return self._says(r"\bseparated by commas|\bcomma[- ]separated")

    @cached_property
    def coded(self) -> bool:
        """The answer's digits are no number's: a code, a year, the last digits of something."""
        return not self.count and self._says(
            r"\b(?:code|password|passcode|pin|extension|zip|postal|serial|licen[cs]e|plate|isbn|score|scoreline|agent|"
            r"phone number|telephone)\b|\b(?:last|first|final|rightmost|leftmost) (?:\w+ )?digits\b|"
            r"\b(?:binary|bit|digit) string\b|\bstring of (?:bits|digits)\b|"
            r"\b(?:combination|number) (?:of|opens) the (?:lock|safe)\b"
        )

    @cached_property
    def point(self) -> bool:
        """A pair, a triple, a point or a vector is asked for, and no interval."""
        pair = self._says(
            r"\bpairs?\b|\btriples?\b|\bpoints?\b|\bcoordinates?\b|\bvectors?\b|\(\s*[a-zA-Z]\s*,\s*\\?[a-zA-Z]+\s*\)"
        )
        return pair and not self._says(r"\binterval|\brange\b|\binequalit|\bdomain\b|<|>|\\l[et]\b|\\g[et]\b|\\leq|\\geq")

    @cached_property
    def choices(self) -> frozenset[str]:
        """Words that it offers: either side of `or`, a slash or a comma."""
        found = re.findall(r"(?=\b([A-Za-z]+)\s*(?:,\s*or\b|,|/|\bor\b)\s*(?:an? |the )?([A-Za-z]+))", self.text)
        return frozenset(word.lower() for pair in found for word in pair)

    @cached_property
    def options(self) -> dict[str, str]:
        """The choices by their letter, if there are at least two, from A on."""
        found = list(_OPTION.finditer(self.text))
        ends = [match.start() for match in found[1:]] + [len(self.text)]
        options: dict[str, str] = {}
        for match, end in zip(found, ends[: len(found)], strict=True):
            letter = (match[1] or match[2]).upper()
            if letter == chr(ord("A") + len(options)):
                text = self.text[match.end() : end]
                options[letter] = re.sub(r"\\q?quad|\\[,; ]|\$|\n[\s\S]*|\\\\", " ", text).strip(" ,;.")
        return options if len(options) > 1 else {}


@lru_cache(maxsize=1024)
def read_question(text: str) -> Question:
    """What is seen from a question; a group of responses shares it."""
    return Question(text)
