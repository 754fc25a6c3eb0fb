"""BIG-Bench Hard: the comparison of its authors, and one that bears another way of writing the same answer.

The problems are in `tasks/bbh.py`. Everything is told from question and target, so that any file of both can be audited.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from time import perf_counter
from typing import Literal

from asym_lit.puzzles.finding import find
from asym_lit.puzzles.words import unwrapped
from asym_lit.types import InputError, Outcome, Prompt, Verdict
from asym_lit.verifiers.formats import Format
from asym_lit.verifiers.gold import gold_of, question_of

Comparison = Literal["official", "tolerant"]
PHRASE = "So the answer is "
LONGEST = 2000
"""Characters of an answer that are compared; no target is longer than 200."""
_LETTER = re.compile(r"\(([A-Z])\)")
_SAID_LETTER = re.compile(r"\(([A-Za-z])\)|([A-Za-z])[).:](?=\s|$)|([A-Za-z])$")
_OPTIONS = re.compile(r"^Options:\s*\n\(A\)", re.MULTILINE)
_OPPOSITES = {"yes": "no", "no": "yes", "true": "false", "false": "true", "valid": "invalid", "invalid": "valid"}


class BBHRule:
    r"""Right: the answer of a response is the target of BBH (arXiv 2210.09261).

    `official`: the text behind the last `So the answer is `, without its final full stop, is the target letter by letter. This
    gives the accuracies of all 27 subsets that its authors published. `tolerant`: the last answer of any kind (`answer is ...`,
    `\boxed{}`, `<answer>`, a short line alone), whatever its blanks, case and markdown; `(A) text`, `A.` and `A` are `(A)`, and
    two letters are none; lists of words may have commas. A response without a mark is wrong: what stands somewhere is none.

    Args:
        comparison: `official` or `tolerant`.
        format: Regular expression that the whole response must match, else it is wrong; empty for no such gate.
    """

    name = "bbh"

    def __init__(self, comparison: Comparison = "official", format: str = "") -> None:
        check_comparison(comparison, "BBHRule")
        self.comparison, self.format = comparison, Format(format)

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on a response."""
        start = perf_counter()
        target = gold_of(prompt)
        said = official_answer(response) if self.comparison == "official" else find(response, ("boxed", "phrase", "bare"))
        if not self.format.holds(response):
            right, reason = False, "has not the format"
        elif said is None:
            right, reason = False, "no answer found"
        elif len(said) > LONGEST:
            right, reason = False, f"an answer of more than {LONGEST:,} characters"
        else:
            right = said == target if self.comparison == "official" else same_answer(target, said)
            reason = "is the target" if right else f"is {said[:40]!r}, not {target[:40]!r}"
        outcome = Outcome.CORRECT if right else Outcome.INCORRECT
        return Verdict(outcome, self.name, reason, None if said is None else said[:LONGEST], perf_counter() - start)

    def unreadable(self, prompts: Sequence[Prompt]) -> dict[str, str]:
        """Targets that no response can meet: a text where the question offers letters (three of the 6,511)."""
        return {
            prompt.uid: "the target is a text where the question asks for the letter of an option"
            for prompt in prompts
            if _OPTIONS.search(question_of(prompt)) and not _LETTER.fullmatch(gold_of(prompt).strip())
        }

    def self_test(self) -> None:
        """A right answer, another one, and one without its phrase."""
        prompt = Prompt("self_test", "", {"answer": "(B)", "question": "Which?\nOptions:\n(A) red\n(B) blue"}, "self_test")
        bare = BBHRule(self.comparison)
        for response, expected in (
            ("Blue it is. So the answer is (B).", Outcome.CORRECT),
            ("So the answer is (B). No: So the answer is (A).", Outcome.INCORRECT),
            ("It may be (B), or (A), and nobody can tell which of them was meant here.\nThe End", Outcome.INCORRECT),
        ):
            verdict = bare.verify(prompt, response)
            if verdict.outcome != expected:
                raise RuntimeError(f"{self.name}: {response!r} was called {verdict.outcome} ({verdict.reason}).")


def check_comparison(comparison: str, of: str) -> None:
    """Refuse a comparison that there is not.

    Raises:
        InputError: If it is neither official nor tolerant.
    """
    if comparison not in ("official", "tolerant"):
        raise InputError(f"comparison of {of} is {comparison!r}; allowed: official, tolerant.")


def official_answer(response: str) -> str | None:
    """What BBH's authors compare; None without their phrase."""
    _, found, said = response.rpartition(PHRASE)
    return said.removesuffix(".") if found else None


def same_answer(target: str, said: str) -> bool:
    """Whether an answer is the target, however written.

    Args:
        target: As the data have it: `(A)`, `True`, `valid`, `-12`, `] ) }`, `apple pear`, or a text.
        said: As a response has it.
    """
    answer = unwrapped(said).rstrip(". ").strip("*$ ")
    if _LETTER.fullmatch(target):
        return _option(answer) == target[1]
    if target.lower() in _OPPOSITES:
        words = re.findall(r"[a-z]+", answer.lower())
        return bool(words) and words[0] == target.lower() and _OPPOSITES[target.lower()] not in words
    if re.fullmatch(r"-?\d+", target):
        number = re.fullmatch(r"[+-]?\d{1,18}(?:\.0+)?", re.sub(r"(?<=\d),(?=\d{3}\b)", "", answer))
        return number is not None and int(number[0].partition(".")[0]) == int(target)
    if re.fullmatch(r"[\[\](){}<>\s]+", target):
        return re.sub(r"\s", "", answer) == re.sub(r"\s", "", target)
    return re.split(r"[\s,]+", answer.lower().strip(" ,")) == re.split(r"[\s,]+", target.lower().strip())


def _option(answer: str) -> str | None:
    """The letter that an answer names; None for none, and for two."""
    begins = _SAID_LETTER.match(answer)
    letters = {letter.upper() for letter in re.findall(r"\(([A-Za-z])\)", answer)}
    if begins:
        letters.add(str(begins[1] or begins[2] or begins[3]).upper())
    elif not answer.startswith("("):
        return None
    return letters.pop() if len(letters) == 1 else None
