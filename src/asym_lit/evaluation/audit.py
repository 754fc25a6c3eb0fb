"""How good a verifier is: its verdicts on answers of which people have said whether they are right.

The page of it is in `reports/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from asym_lit.types import Outcome, Prompt, SubmittingVerifier, Verdict, Verifier

_BOX = re.compile(r"\\f?box(?:ed)?\s*\{|\\boxed\b")


@dataclass(frozen=True, slots=True)
class LabelledAnswer:
    """One answer, and what people say of it."""

    row: str
    """Where it stands in its file."""
    question: str
    gold: str
    candidate: str
    right: bool
    category: str = ""
    whole: bool = False
    """The candidate is a whole response, however the others are."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What else the verifier needs of its row."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer with the verdict on it."""

    answer: LabelledAnswer
    verdict: Verdict

    @property
    def accepted(self) -> bool:
        """True if the verifier called it right."""
        return self.verdict.outcome == Outcome.CORRECT

    @property
    def disagrees(self) -> bool:
        """True if the verifier says something else than people; undecided is nothing said."""
        return self.verdict.outcome != Outcome.UNDECIDED and self.accepted != self.answer.right


@dataclass(frozen=True, slots=True)
class Score:
    """Counts and rates of a set of judged answers; a rate of an empty set is None."""

    name: str
    right: int
    wrong: int
    accepted_right: int
    accepted_wrong: int
    undecided: int

    @property
    def recall(self) -> float | None:
        """Share of the right answers that are accepted."""
        return self.accepted_right / self.right if self.right else None

    @property
    def false_accepts(self) -> float | None:
        """Share of the wrong answers that are accepted."""
        return self.accepted_wrong / self.wrong if self.wrong else None

    @property
    def undecided_share(self) -> float:
        """Share of all answers without a verdict."""
        return self.undecided / max(self.right + self.wrong, 1)


def score_of(judged: Iterable[Judged], name: str = "all") -> Score:
    """The score of a set."""
    everything = list(judged)
    right = [one for one in everything if one.answer.right]
    wrong = [one for one in everything if not one.answer.right]
    return Score(
        name,
        len(right),
        len(wrong),
        sum(one.accepted for one in right),
        sum(one.accepted for one in wrong),
        sum(one.verdict.outcome == Outcome.UNDECIDED for one in everything),
    )


def scores_by(judged: Sequence[Judged], what: str) -> list[Score]:
    """Scores by category of the answers (`category`), or by the rung that decided (`rung`), largest first."""
    names = [one.answer.category if what == "category" else one.verdict.by for one in judged]
    scores = [
        score_of((one for one, its in zip(judged, names, strict=True) if its == name), name or "(none)") for name in set(names)
    ]
    return sorted(scores, key=lambda score: (-score.right - score.wrong, score.name))


@dataclass(frozen=True, slots=True)
class Audit:
    """All verdicts, and how long they took."""

    verifier: str
    judged: tuple[Judged, ...]
    seconds: float
    """Wall time of all of them."""

    @property
    def score(self) -> Score:
        """Over all answers."""
        return score_of(self.judged)

    @property
    def latencies(self) -> tuple[float, float, float]:
        """Quantiles 0.5, 0.95 and 0.99 of the seconds of a verdict, waiting included."""
        p50, p95, p99 = np.percentile([one.verdict.seconds for one in self.judged] or [0.0], (50, 95, 99))
        return float(p50), float(p95), float(p99)


def response_of(answer: LabelledAnswer, boxed: bool) -> str:
    r"""What the verifier sees: the candidate, in a `\boxed{}` if it has none and is no whole response."""
    return answer.candidate if answer.whole or not boxed or has_box(answer.candidate) else f"\\boxed{{{answer.candidate}}}"


def has_box(candidate: str) -> bool:
    """True if a candidate brings its own box."""
    return _BOX.search(candidate) is not None


def audit(verifier: Verifier, answers: Sequence[LabelledAnswer], boxed: bool = True) -> Audit:
    r"""Have every answer judged.

    Args:
        verifier: Opened and proven here, and closed again.
        answers: In any order; it changes no verdict.
        boxed: Candidates are bare answers, and are put into `\boxed{}`, but for those that hold a box; else they are whole
            responses.
    """
    try:
        verifier.self_test()
        begun = perf_counter()
        prompts = [Prompt(a.row, a.question, {**a.facts, "answer": a.gold, "question": a.question}, "audit") for a in answers]
        responses = [response_of(a, boxed) for a in answers]
        if isinstance(verifier, SubmittingVerifier):
            pending = [verifier.submit(prompt, response) for prompt, response in zip(prompts, responses, strict=True)]
            verdicts = [one.result() for one in pending]
        else:
            verdicts = [verifier.verify(prompt, response) for prompt, response in zip(prompts, responses, strict=True)]
        seconds = perf_counter() - begun
    finally:
        if isinstance(verifier, SubmittingVerifier):
            verifier.close()
    return Audit(verifier.name, tuple(map(Judged, answers, verdicts)), seconds)
