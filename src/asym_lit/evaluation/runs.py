"""Runs as data: what a comparison reads of each run folder, and whether they may be compared.

Reading them from disk is the business of `run_folder/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from asym_lit.evaluation.ledger import ProblemRecord
from asym_lit.evaluation.problem_changes import by_step
from asym_lit.types import InputError


@dataclass(frozen=True)
class Run:
    """One training run."""

    name: str
    """How reports call it."""
    arm: str
    """Runs of an arm differ in nothing but the seed."""
    seed: int
    state: str
    """`finished`, `stopped early`, or how it is known not to have ended."""
    reached: int
    """Rollout steps made."""
    planned: int
    verifier: str
    """What counted its responses."""
    ledger: Sequence[ProblemRecord]
    metrics: Sequence[Mapping[str, float]] = ()
    """One per rollout step."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Package versions, git state and the like."""
    policy: str = "unknown"
    """What training began with."""

    @property
    def whole(self) -> bool:
        """True if it ended by itself."""
        return self.state in ("finished", "stopped early")

    def series(self, name: str) -> tuple[list[float], list[float]]:
        """Steps and values of a metric."""
        rows = [row for row in self.metrics if name in row]
        return [row["step"] for row in rows], [row[name] for row in rows]


@dataclass(frozen=True, slots=True)
class Setting:
    """What must be the same for numbers to be comparable."""

    problems: frozenset[str]
    n: tuple[int, ...]
    """Most decided responses to a problem at an evaluation, over evaluations: undecided ones make it fewer for some."""
    temperature: tuple[float, ...]
    top_p: tuple[float, ...]
    top_k: tuple[int, ...]
    max_tokens: tuple[int, ...]
    min_p: tuple[float, ...]
    verifier: str


def setting(run: Run, evaluation: str) -> Setting:
    """Of one evaluation set of a run."""
    rows = [record for record in run.ledger if record.evaluation == evaluation]
    return Setting(
        frozenset(record.uid for record in rows),
        tuple(sorted({max(record.samples for record in rows.values()) for rows in by_step(run.ledger, evaluation).values()})),
        tuple(sorted({record.sampling[0] for record in rows})),
        tuple(sorted({record.sampling[1] for record in rows})),
        tuple(sorted({record.sampling[2] for record in rows})),
        tuple(sorted({record.sampling[3] for record in rows})),
        tuple(sorted({record.min_p for record in rows})),
        run.verifier,
    )


def check_comparable(runs: Sequence[Run], evaluation: str, allow: Sequence[str] = ()) -> list[str]:
    """Refuse runs that were not measured alike.

    Args:
        runs: All to be compared.
        evaluation: Name of the evaluation set.
        allow: Names of differences to put up with: `problems`, `n`, `temperature`, `top_p`, `top_k`, `max_tokens`,
            `min_p`, `verifier`.

    Returns:
        The differences that were allowed, in words.

    Raises:
        InputError: If another difference is found, with both values.
    """
    unknown = set(allow) - set(Setting.__slots__)
    if unknown:
        raise InputError(f"allow names {', '.join(sorted(unknown))}; allowed: {', '.join(Setting.__slots__)}.")
    first, notes = setting(runs[0], evaluation), []
    for run in runs[1:]:
        other = setting(run, evaluation)
        for name in Setting.__slots__:
            mine, theirs = getattr(first, name), getattr(other, name)
            if mine == theirs:
                continue
            words = f"{evaluation}: {runs[0].name} has {_shown(mine)} and {run.name} {_shown(theirs, mine)} as {name}"
            if name not in allow:
                raise InputError(
                    f"{words}, so their numbers measure different things. Leave one out, or write --allow+ {name} to compare "
                    "them all the same."
                )
            if name == "problems" and not mine & theirs:
                raise InputError(f"{words}; they share no problem, so nothing can be compared.")
            notes.append(words)
    return notes


def _shown(value: object, than: frozenset[str] = frozenset()) -> str:
    if isinstance(value, frozenset):
        new = sorted(value - than)
        return f"{len(value)} problems" + (f" (such as {new[0]!r})" if than and new else "")
    return ", ".join(map(str, value)) if isinstance(value, tuple) else repr(value)


def common_problems(runs: Sequence[Run], evaluation: str) -> list[str]:
    """The problems with a decided response of every run at its first and its last evaluation, in order."""
    ends = [steps[step] for run in runs for steps in [by_step(run.ledger, evaluation)] for step in (min(steps), max(steps))]
    return sorted(set.intersection(*({uid for uid, record in rows.items() if record.samples} for rows in ends)))


def counts(run: Run, evaluation: str, step: int, problems: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Responses and right ones of the given problems at an evaluation."""
    rows = by_step(run.ledger, evaluation)[step]
    return np.array([rows[uid].samples for uid in problems]), np.array([rows[uid].correct for uid in problems])
