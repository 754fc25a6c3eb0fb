"""KOR-Bench: the comparison of its authors, and one that mends what it calls wrong for the way it is written.

The problems are in `tasks/kor_bench.py`, the comparisons by rule in `kor_comparisons`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from threading import Lock
from time import perf_counter

from asym_lit.puzzles.finding import find
from asym_lit.puzzles.words import unwrapped
from asym_lit.types import InputError, Outcome, Prompt, Verdict
from asym_lit.verifiers.formats import Format
from asym_lit.verifiers.gold import gold_of
from asym_lit.verifiers.logic.bbh import Comparison, check_comparison
from asym_lit.verifiers.logic.kor_comparisons import CATEGORIES, bare, inner, same, squeezed
from asym_lit.verifiers.maths.rule import Rule

LONGEST_RESPONSE = 100_000
"""Characters of a response, from its start, in which the first brackets are looked for."""
LONGEST = 4000
"""Characters of an answer that are compared; no stored answer has more than 1,300."""
_NUMBER = re.compile(r"[+-]?\d+(?:[./]\d+)?|[+-]?\\d?frac\{\d+\}\{\d+\}")
_OPERATION = re.compile(r"[-+*/^]|\\[a-z]+")
_OFFICIAL = (("[[", "]]"), ("$\\boxed{", "}$"), ("[", "]"))


class KorBenchRule:
    r"""Right: the answer of a response is the stored one of KOR-Bench (arXiv 2410.06526).

    `official`: the first `[[...]]` (else `$\boxed{...}$`, else `[...]`), compared by category and rule as the authors' program
    does. It calls one in six wrong operation answers wrong for its spacing or its brackets. `tolerant`: the last `[[...]]` or
    `\boxed{}`, compared likewise, and if it is not the same so, without regard to spacing, brackets inside, markdown, and, for
    operations, the form of an equal value. Puzzles are compared with one stored solution in both.

    Args:
        comparison: `official` or `tolerant`.
        format: Regular expression that the whole response must match, else it is wrong; empty for no such gate. Model-Task
            Alignment's reward is `<think>.*</think>\s*<answer>.*</answer>`: format and verdict.
    """

    name = "kor_bench"

    def __init__(self, comparison: Comparison = "official", format: str = "") -> None:
        check_comparison(comparison, "KorBenchRule")
        self.comparison, self.format = comparison, Format(format)
        self._rule = Rule(decimal_digits=0)
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on a response.

        Raises:
            InputError: If the prompt is no question of KOR-Bench.
        """
        start = perf_counter()
        asked = _asked(prompt)
        said = official_answer(response, asked[0]) if self.comparison == "official" else tolerant_answer(response)
        if not self.format.holds(response):
            right, reason = False, "has not the format"
        elif said is None:
            right, reason = False, "no answer found"
        elif len(said) > LONGEST:
            right, reason = False, f"an answer of more than {LONGEST:,} characters"
        else:
            gold = inner(gold_of(prompt))
            right = self._same(asked, said, gold, prompt)
            reason = "is the stored answer" if right else f"is {said[:40]!r}, not {gold[:40]!r}"
            self._count(asked, said, prompt)
        outcome = Outcome.CORRECT if right else Outcome.INCORRECT
        return Verdict(outcome, self.name, reason, None if said is None else said[:LONGEST], perf_counter() - start)

    def _same(self, asked: tuple[str, int, int], said: str, gold: str, prompt: Prompt) -> bool:
        if self.comparison == "official":
            return same(*asked, said, gold)
        category, rule, _ = asked
        if (category, rule) == ("puzzle", 4):  # the official comparison is `in`: an answer without letters is in any text
            return bool(said.split()) and set(said.lower().replace(",", " ").split()) <= set(gold.lower().split())
        loose = _loose(said), _loose(gold)
        if same(*asked, said, gold) or loose[0] == loose[1]:
            return True
        if category == "counterfactual":
            return loose[0].lstrip("(")[:1] == loose[1] and set(re.findall(r"\b[A-D]\b", said)) == {loose[1]}
        return category == "operation" and (
            same(*asked, loose[0], loose[1])
            or (_worked_out(value := said.rpartition("=")[2], gold) and self._rule.same_answer(prompt, gold, value) is True)
        )

    def _count(self, asked: tuple[str, int, int], said: str, prompt: Prompt) -> None:
        """Of counterfactual questions, how often the answer is that of the real world."""
        real = prompt.answer.get("real_life_answer")
        if asked[0] == "counterfactual" and isinstance(real, str):
            with self._lock:
                self._counts["counterfactual"] += 1
                self._counts["real_life"] += bare(said) == bare(inner(real))

    def metrics(self) -> Mapping[str, float]:
        """Counterfactual answers that were read, and how many of them were those of the real world."""
        with self._lock:
            return {f"kor_bench/{name}": float(count) for name, count in self._counts.items()}

    def unreadable(self, prompts: Sequence[Prompt]) -> dict[str, str]:
        """Stored answers with nothing between their brackets."""
        return {prompt.uid: "no answer between the brackets" for prompt in prompts if not bare(inner(gold_of(prompt)))}

    def self_test(self) -> None:
        """The first bracket or the last, and the wrong letter."""
        facts = {"answer": "[[12]]", "question": "", "category": "operation", "rule_id": "1", "idx": "1"}
        prompt = Prompt("self_test", "", facts, "self_test")
        first = Outcome.CORRECT if self.comparison == "official" else Outcome.INCORRECT
        cases = {"[[12]]": Outcome.CORRECT, "[[13]]": Outcome.INCORRECT, "[[12]] no [[13]]": first, "eleven": Outcome.INCORRECT}
        judge = KorBenchRule(self.comparison)
        for response, expected in cases.items():
            verdict = judge.verify(prompt, response)
            if verdict.outcome != expected:
                raise RuntimeError(f"{self.name}: {response!r} was called {verdict.outcome} ({verdict.reason}).")


def official_answer(response: str, category: str) -> str | None:
    """What KOR-Bench's authors compare; None where they have nothing. Puzzles take double brackets alone."""
    text = response[:LONGEST_RESPONSE]
    for opening, closing in _OFFICIAL[: 1 if category == "puzzle" else None]:
        start = text.find(opening)
        end = text.find(closing, start + len(opening)) if start >= 0 else -1
        if end >= 0:  # found by hand: a pattern would try every bracket that opens, with what follows
            inside = text[start + len(opening) : end]
            return inside if category == "puzzle" else inside.strip()
    return None


def tolerant_answer(response: str) -> str | None:
    r"""The inside of the last `[[...]]` or `\boxed{}`, else of the last `[...]`, else a short line alone."""
    text = response[-LONGEST_RESPONSE:].replace("\\[", "  ").replace("\\]", "  ")
    found = find(text, ("nested", "boxed")) or find(text, ("brackets",)) or find(text, ("bare",))
    while found and found.startswith("[") and found.endswith("]") and len(found) > 2:
        found = found[1:-1].strip()
    return found


def _worked_out(said: str, gold: str) -> bool:
    """Whether an answer is as far worked out as the stored one: 2^4 is no answer where 16 is stored."""
    if len(said) > 300:
        return False
    if _NUMBER.fullmatch(squeezed(gold)):
        return _NUMBER.fullmatch(_loose(said)) is not None or _NUMBER.fullmatch(squeezed(said)) is not None
    return len(_OPERATION.findall(said)) <= len(_OPERATION.findall(gold)) + 1


def _loose(text: str) -> str:
    r"""Without blanks, brackets, markdown, LaTeX's dollars and `\text`, and the last full stop."""
    plain = re.sub(r"\\[()\[\],;!]|\\left|\\right|[$*`]", "", unwrapped(text))
    return re.sub(r"[\[\]{}]", "", squeezed(plain)).rstrip(".")


def _asked(prompt: Prompt) -> tuple[str, int, int]:
    category = prompt.carried("category", str, KorBenchRule.name)
    if category not in CATEGORIES:
        raise InputError(f"The question {prompt.origin or prompt.uid!r} is of {category!r}; allowed: {', '.join(CATEGORIES)}.")
    return category, prompt.carried("rule_id", int, KorBenchRule.name), prompt.carried("idx", int, KorBenchRule.name)
