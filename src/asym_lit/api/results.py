"""What an evaluation found: counts, pass@k with intervals, and the responses themselves."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.figure import Figure

from asym_lit.evaluation.intervals import Estimate
from asym_lit.evaluation.pass_at_k import PassAtKCurve, pass_at_k_curve, powers_of_two
from asym_lit.reports.pass_at_k import pass_at_k_figure, undecided_words
from asym_lit.run_folder.writing import write_atomically
from asym_lit.types import RolloutBatch


@dataclass(frozen=True)
class Evaluation:
    """Responses of a policy to the problems of a task, and how many are right. Printed, it is a table of pass@k.

    `problems`, `samples`, `correct` and `undecided` have one entry a problem, in the task's order.
    """

    policy: str
    task: str
    problems: tuple[str, ...]
    """Their names, `Prompt.uid`."""
    samples: tuple[int, ...]
    """Responses with a verdict."""
    correct: tuple[int, ...]
    """Right ones among them."""
    undecided: tuple[int, ...]
    """Responses without a verdict; they are in no estimate."""
    rollouts: RolloutBatch = field(repr=False)
    """The responses, with texts and verdicts: `rollouts.groups` has a list for each problem."""
    seed: int = 1

    def curve(self, ks: list[int] | None = None) -> PassAtKCurve:
        """pass@k over several k.

        Args:
            ks: Budgets; powers of two up to n if not given.

        Raises:
            InputError: If a k is above the number of responses: no unbiased estimate exists then.
        """
        budgets = ks or powers_of_two(self.rollouts.sampling.n)
        return pass_at_k_curve(self.samples, self.correct, budgets, self.seed, self.undecided)

    def pass_at(self, k: int) -> Estimate:
        """pass@k, unbiased, with its 95 % bootstrap interval over problems.

        Args:
            k: Budget, 1 to n.
        """
        curve = self.curve([k])
        return Estimate(curve.mean[0], curve.low[0], curve.high[0], curve.problems - sum(curve.left_out))

    @property
    def pass_at_k(self) -> dict[int, Estimate]:
        """`pass_at` of every power of two up to n."""
        return {k: self.pass_at(k) for k in powers_of_two(self.rollouts.sampling.n)}

    def write_counts(self, path: str | Path) -> None:
        """Write rows `{id, n, c}`, which `compare` takes: `asym-lit compare base=base.jsonl trained=trained.jsonl`.

        Args:
            path: Of the file, `.jsonl`.
        """
        rows = zip(self.problems, self.samples, self.correct, strict=True)
        write_atomically(Path(path), (json.dumps({"id": uid, "n": n, "c": c}) for uid, n, c in rows))

    def figure(self) -> Figure:
        """pass@k against k, with its band; a notebook shows it after `%matplotlib inline`."""
        return pass_at_k_figure(self.task, {self.policy: self.curve()})

    def __str__(self) -> str:
        """A table."""
        curve = self.curve()
        rows = zip(curve.ks, curve.mean, curve.low, curve.high, strict=True)
        lines = [
            f"{self.policy} on {self.task}: {len(self.problems)} problems x {self.rollouts.sampling.n} responses",
            *(f"pass@{k:<4} {mean:.3f}  [{low:.3f}, {high:.3f}]" for k, mean, low, high in rows),
        ]
        return "\n".join([*lines, *([undecided_words(curve)] if curve.undecided else [])])
