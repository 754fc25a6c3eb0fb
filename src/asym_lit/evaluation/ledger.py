"""The problem ledger: what became of every problem at every evaluation. Its file is in `run_folder/`.

One record per evaluation set, step and problem. The first evaluation of a set is its base: what the policy could do before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from asym_lit.evaluation.votes import Ballot
from asym_lit.types import Outcome, Rollout, Sampling

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
    """Responses by right answer."""
    wrong: tuple[int, ...]
    """Responses per different wrong answer, most frequent first."""
    sampling: tuple[float, float, int, int] = (1.0, 1.0, 0, 0)
    """Temperature, top-p, top-k and the longest response."""

    @property
    def ballot(self) -> Ballot:
        """Its answers, counted."""
        return Ballot(tuple(sorted(self.right.values(), reverse=True)), self.wrong, self.silent)


def problem_record(evaluation: str, step: int, group: Sequence[Rollout], sampling: Sampling) -> ProblemRecord:
    """What a group of verified responses says of its problem; undecided ones are left out."""
    decided = [(r, r.verdict) for r in group if r.verdict and r.verdict.truth != Outcome.UNDECIDED]
    right = Counter(v.extracted or r.text for r, v in decided if v.truth == Outcome.CORRECT)
    wrong = Counter(v.extracted for _, v in decided if v.truth == Outcome.INCORRECT)
    silent = wrong.pop(None, 0)
    return ProblemRecord(
        evaluation,
        step,
        group[0].prompt.uid,
        len(decided),
        right.total(),
        silent,
        dict(right.most_common()),
        tuple(sorted(wrong.values(), reverse=True)),
        (sampling.temperature, sampling.top_p, sampling.top_k, sampling.max_tokens),
    )


def rare_answers(base: ProblemRecord) -> set[str]:
    """The right answers of the base that a policy forgets first."""
    return {answer for answer, count in base.right.items() if count <= most_of_a_rare_answer(base.samples)}


def most_of_a_rare_answer(samples: int) -> int:
    """How often an answer may be given and still be rare."""
    return max(1, int(RARE * samples))
