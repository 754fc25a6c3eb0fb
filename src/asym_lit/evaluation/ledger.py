"""The problem ledger: what became of every problem at every evaluation. Its file is in `run_folder/`.

One record per evaluation set, step and problem. The first evaluation of a set is its base: what the policy could do before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from asym_lit.evaluation.answer_classes import answers_of
from asym_lit.evaluation.votes import Ballot
from asym_lit.types import Rollout, Sampling, Verifier

RARE = 1 / 16
"""A right answer is rare if it makes up at most this share of the base's responses (one response is always rare)."""


@dataclass(frozen=True, slots=True)
class ProblemRecord:
    """One problem at one evaluation."""

    evaluation: str
    step: int
    uid: str
    samples: int
    """Decided responses."""
    correct: int
    silent: int
    """Wrong responses in which no answer was found."""
    right: Mapping[str, int]
    """Responses by right answer; of a verifier that compares with one gold answer, that is the only one."""
    wrong: tuple[int, ...]
    """Responses per different wrong answer, most frequent first."""
    sampling: tuple[float, float, int, int] = (1.0, 1.0, 0, 0)
    """Temperature, top-p, top-k and the longest response."""
    min_p: float = 0.0
    """Of the sampling; 0 in ledgers that do not name it."""

    @property
    def ballot(self) -> Ballot:
        """Its answers, counted."""
        return Ballot(tuple(sorted(self.right.values(), reverse=True)), self.wrong, self.silent)


def problem_record(
    evaluation: str, step: int, group: Sequence[Rollout], sampling: Sampling, verifier: Verifier | None = None
) -> ProblemRecord:
    """What a group of verified responses says of its problem; undecided ones are left out.

    Args:
        evaluation: Name of the set.
        step: Rollout steps made.
        group: Responses to one prompt.
        sampling: How they were drawn.
        verifier: Whose word they are counted by; it says which answers are the same.
    """
    answers = answers_of(group, verifier)
    right = Counter(answer[0] for answer, ok in answers if answer and ok)
    wrong = Counter(answer[0] for answer, ok in answers if answer and not ok)
    return ProblemRecord(
        evaluation,
        step,
        group[0].prompt.uid,
        len(answers),
        right.total(),
        sum(answer is None for answer, _ in answers),
        dict(right.most_common()),
        tuple(sorted(wrong.values(), reverse=True)),
        (sampling.temperature, sampling.top_p, sampling.top_k, sampling.max_tokens),
        sampling.min_p,
    )


def rare_answers(base: ProblemRecord) -> set[str]:
    """The right answers of the base that a policy forgets first."""
    return {answer for answer, count in base.right.items() if count <= most_of_a_rare_answer(base.samples)}


def most_of_a_rare_answer(samples: int) -> int:
    """How often an answer may be given and still be rare."""
    return max(1, int(RARE * samples))
