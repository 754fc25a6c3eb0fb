"""Answers that are the same but for how they are written, by named rules; fast, and with no parser but our own.

The rules themselves are in `rules/`, computer algebra in `symbolic`.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from asym_lit.types import Outcome, Prompt, Verdict, check_least
from asym_lit.verifiers.answers import extract_answer
from asym_lit.verifiers.gold import gold_of, question_of
from asym_lit.verifiers.maths.rules.catalogue import Switches, rules_without
from asym_lit.verifiers.maths.rules.matching import Matcher
from asym_lit.verifiers.maths.rules.tolerance import within


class Rule:
    """Right: the answer is the gold one (`prompt.answer["answer"]`) letter by letter, as a number, or by one of the rules.

    Rules are general ways of writing one answer, after TinyV's taxonomy of false negatives (arXiv 2505.14625); each has a name
    and can be left out. A prompt may bring a tolerance for its numbers (`prompt.answer["tolerance"]`, absolute). What it calls
    wrong may be right by mathematics that it does not know.

    Args:
        without: Rules left out (`asym_lit.verifiers.maths.rules.catalogue.RULES` has them all).
        rounding_digits: Significant digits that a decimal needs to stand for the longer number that it rounds.
        max_chars: Longest answer that rules look at, unless the gold answer is half as long; a longer one must be it.
        bare_chars: Longest response without a marker that is read as an answer; 0 asks for a marker.
    """

    name = "rule"

    def __init__(
        self, without: Sequence[str] = (), rounding_digits: int = 3, max_chars: int = 600, bare_chars: int = 300
    ) -> None:
        check_least("{name} of Rule", 1, rounding_digits=rounding_digits, max_chars=max_chars)
        check_least("{name} of Rule", 0, bare_chars=bare_chars)
        self.max_chars, self.bare_chars = max_chars, bare_chars
        self._matcher = Matcher(rules_without(without), rounding_digits)

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on one response."""
        begun = perf_counter()
        gold = gold_of(prompt)
        answer = extract_answer(response, self.bare_chars).text
        try:
            outcome, reason = self._compare(gold, answer, prompt)
        except Exception as fault:  # of ours, not of the answer: the next rung may know
            outcome, reason = Outcome.UNDECIDED, f"error: {type(fault).__name__} in a rule"
        return Verdict(outcome, self.name, reason, answer[:200] or None, perf_counter() - begun)

    def _compare(self, gold: str, answer: str, prompt: Prompt) -> tuple[Outcome, str]:
        if not answer:
            return Outcome.INCORRECT, "no answer found"
        if answer == gold:
            return Outcome.CORRECT, "the gold answer, letter by letter"
        if _plain(gold) and _plain(answer):
            same = float(gold) == float(answer)  # digits and a point: no more than 15 of them
            if same:
                return Outcome.CORRECT, "the same number"
            if "." not in gold:
                return Outcome.INCORRECT, "another number"
        if len(answer) > max(self.max_chars, 2 * len(gold)) or len(gold) > LONGEST_GOLD:
            return Outcome.INCORRECT, f"an answer of more than {self.max_chars} characters"
        tolerance = prompt.answer.get("tolerance")
        if tolerance is not None and within(gold, answer, tolerance, Switches(self._matcher.on)):
            return Outcome.CORRECT, f"within the tolerance of {tolerance}"
        switches = self._matcher.same(gold, answer, question_of(prompt))
        if switches is None:
            return Outcome.INCORRECT, "not the same by any rule"
        return Outcome.CORRECT, f"the same by {switches}" if switches.used else "the same"

    def unreadable(self, prompts: Sequence[Prompt]) -> dict[str, str]:
        """Gold answers with brackets that are not closed, or too long for the rules."""
        found = {}
        for prompt in prompts:
            gold = gold_of(prompt)
            if len(gold) > LONGEST_GOLD:
                found[prompt.uid] = f"more than {LONGEST_GOLD} characters"
            elif gold.replace("\\{", "").count("{") != gold.replace("\\}", "").count("}"):
                found[prompt.uid] = "braces that are not closed"
        return found

    def self_test(self) -> None:
        """Compares known pairs."""
        for gold, answer, expected in SELF_TEST:
            verdict = self.verify(Prompt("self_test", "", {"answer": gold}, "self_test"), f"\\boxed{{{answer}}}")
            if (verdict.outcome == Outcome.CORRECT) != expected:
                raise RuntimeError(
                    f"{self.name}: the answer {answer!r} to {gold!r} was called {verdict.outcome} ({verdict.reason})."
                )


def _plain(text: str) -> bool:
    """True for digits with at most one point and a sign, few enough for a float to hold them."""
    digits = text[1:] if text[:1] == "-" else text
    return len(digits) <= 15 and digits.isascii() and digits.replace(".", "", 1).isdigit()


LONGEST_GOLD = 2000
SELF_TEST = (("12", "12.0", True), ("12", "13", False), ("(1,2)", "(1, 2)", True), ("(1,2)", "(2,1)", False))
