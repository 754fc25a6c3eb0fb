"""What the responses of a step are made up of, counted: right ones of each problem, uniform and mixed problems, lengths.

Each is a sum and a count, so that ranks can be added up. Estimates from such counts are in `evaluation/`.
"""

from __future__ import annotations

from collections.abc import Sequence

from asym_lit.types import Experience, Outcome, Rollout, RolloutBatch


def true_counts(problems: Sequence[Sequence[Rollout]]) -> tuple[list[int], list[int]]:
    """Decided and truly right responses to each problem."""
    samples, correct = [], []
    for rollouts in problems:
        outcomes = [r.verdict.truth for r in rollouts if r.verdict]
        samples.append(sum(o != Outcome.UNDECIDED for o in outcomes))
        correct.append(sum(o == Outcome.CORRECT for o in outcomes))
    return samples, correct


def group_sums(batch: RolloutBatch) -> dict[str, tuple[float, float]]:
    """Problems whose responses are all right, all wrong, mixed; groups that are kept, and that were drawn for one that is."""
    right = [[r.verdict is not None and r.verdict.outcome == "correct" for r in rollouts] for rollouts in batch.problems]
    count, groups = float(len(right)), float(len(batch.groups))
    return {
        "groups/all_right": (float(sum(all(g) for g in right)), count),
        "groups/all_wrong": (float(sum(not any(g) for g in right)), count),
        "groups/mixed": (float(sum(any(g) and not all(g) for g in right)), count),
        "groups/kept": (float(sum(batch.kept)), groups),
        "groups/drawn": (float(batch.drawn), groups),
    }


def response_sums(experience: Experience) -> dict[str, tuple[float, float]]:
    """Lengths in tokens, and responses that hit the limit."""
    count = float(len(experience.lengths_B))
    return {
        "rollout/length": (float(experience.lengths_B.sum()), count),
        "rollout/truncated": (float(experience.truncated_B.sum()), count),
    }
