"""Answers that are the same but for how they are written, by named rules; fast, and with no parser but our own.

The rules themselves are in `answers/`, computer algebra in `symbolic`.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from asym_lit.answers.catalogue import Switches, rules_without
from asym_lit.answers.matching import Matcher
from asym_lit.answers.tolerance import within
from asym_lit.types import Outcome, Prompt, Verdict, check_least
from asym_lit.verifiers.answers import MARKERS, check_markers, extract_answer
from asym_lit.verifiers.gold import gold_of, question_of


class Rule:
    r"""Right: the answer is the gold one (`prompt.answer["answer"]`) letter by letter, as a number, or by one of the rules.

    Rules are general ways of writing one answer, after TinyV's taxonomy of false negatives (arXiv 2505.14625); each has a name
    and can be left out. A prompt may bring a tolerance for its numbers (`prompt.answer["tolerance"]`, absolute). What it calls
    wrong may be right by mathematics that it does not know.

    Args:
        without: Rules left out (`asym_lit.answers.catalogue.RULES` has them all).
        decimal_digits: Significant digits that a decimal needs to stand for an exact or longer gold answer that it rounds:
            85.71 is 600/7, 3.14 is not \pi. 0: none does. Two will do where the question asks for a rounding. An exact answer
            may always stand for a decimal gold answer of three digits. An integer rounds nothing, unless the question asks.
        unevaluated: Accept an answer that repeats an expression of the question, or holds an operation that it asks to be done:
            `123\times 456` for 56088, a sum or an integral as it stood there; or is not of the form that it asks for: 6/8.
        max_chars: Longest answer that rules look at, unless the gold answer is half as long; a longer one must be it.
        bare_chars: Longest response without a marker that is read as an answer; 0 asks for a marker.
        markers: What may point at the answer (`asym_lit.verifiers.answers.MARKERS`); the last one counts, of whatever kind.
    """

    name = "rule"
    one_answer = True

    def __init__(
        self,
        without: Sequence[str] = (),
        decimal_digits: int = 4,
        unevaluated: bool = False,
        max_chars: int = 600,
        bare_chars: int = 300,
        markers: Sequence[str] = MARKERS,
    ) -> None:
        check_least("{name} of Rule", 1, max_chars=max_chars)
        check_least("{name} of Rule", 0, bare_chars=bare_chars, decimal_digits=decimal_digits)
        self.max_chars, self.bare_chars, self.markers = max_chars, bare_chars, check_markers(markers, "Rule")
        self._matcher = Matcher(rules_without(without), decimal_digits, unevaluated)

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on one response."""
        begun = perf_counter()
        gold = gold_of(prompt)
        answer = extract_answer(response, self.bare_chars, self.markers).text
        try:
            found, reason = self._compare(gold, answer, prompt)
        except ImportError:
            raise
        except Exception as fault:  # of ours, not of the answer: the next rung may know
            failed = f"error: {type(fault).__name__} in a rule"
            return Verdict(Outcome.UNDECIDED, self.name, failed, answer or None, perf_counter() - begun)
        outcome = Outcome.CORRECT if found else Outcome.INCORRECT
        return Verdict(outcome, self.name, reason, answer or None, perf_counter() - begun, final=found is False)

    def _compare(self, gold: str, answer: str, prompt: Prompt) -> tuple[bool | None, str]:
        """The same, different for a reason with a name, or None where it cannot be told."""
        if not answer:
            return None, "no answer found"
        if answer == gold:
            return True, "the gold answer, letter by letter"
        if _plain(gold) and _plain(answer):
            same = float(gold) == float(answer)  # digits and a point: no more than 15 of them
            if same:
                return True, "the same number"
            if "." not in gold:
                return False, "another number"
        if len(answer) > max(self.max_chars, 2 * len(gold)) or len(gold) > LONGEST_GOLD:
            return None, f"an answer of more than {self.max_chars} characters"
        tolerance = prompt.answer.get("tolerance")
        if tolerance is not None and within(gold, answer, tolerance, Switches(self._matcher.on)):
            return True, f"within the tolerance of {tolerance}"
        found, switches = self._matcher.same(gold, answer, question_of(prompt))
        if found.same:
            return True, f"the same by {switches}" if switches.used else "the same"
        return found.same, found.reason or "cannot tell: not the same by any rule"

    def same_answer(self, prompt: Prompt, one: str, other: str) -> bool | None:
        """What the rules find of two answers."""
        try:
            return self._compare(one, other, prompt)[0]
        except ImportError:
            raise
        except Exception:  # of a rule: it cannot tell
            return None

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
    if len(digits) > 1 and digits[0] == "0" and digits[1] != ".":
        return False  # may be a code
    return len(digits) <= 15 and digits.isascii() and digits.replace(".", "", 1).isdigit()


LONGEST_GOLD = 2000
SELF_TEST = (
    ("12", "12.0", True),
    ("5 m", "500 cm", True),
    ("5 m", "5 cm", False),
    ("12", "13", False),
    ("(1,2)", "(1, 2)", True),
    ("(1,2)", "(2,1)", False),
)
