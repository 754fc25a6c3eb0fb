"""Curricula: which problems a run asks next, and how many responses each gets, by what the policy has answered so far.

What is known of the problems is in `successes`, the drawing in `curriculum_loader`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import log1p

import torch
from torch import Tensor

from asym_lit.rollout.successes import Successes
from asym_lit.shapes import Bool, Float, Int
from asym_lit.types import InputError


@dataclass(frozen=True, kw_only=True)
class Curriculum(ABC):
    """What the curricula have in common: forgetting, retiring what is solved, more responses to what is hard.

    The success p of a problem is known as a Beta(right + 1, wrong + 1) distribution of discounted counts; of a problem that
    was never asked nothing is known, and its mean is 1/2. A curriculum says by `gain` what asking a problem teaches.

    Args:
        forgetting: Share of what is known of a problem that a new visit to it takes away; 0 weighs all visits alike.
        retire_at: Mean of p from which a problem is solved, and rests; 1 retires none.
        comeback: Chance that a solved problem is asked nevertheless, each time the order of prompts comes to it.
        most_groups: Most groups of `sampling.n` responses that a problem may get at once; 1 gives all problems as many. The
            responses of a step stay as many as without: what a hard problem gets more, others get less often.
        aim: A problem gets the fewest groups among whose responses one is right with this chance, by the mean of p.
        start: What is known before the first step: the `ledger.parquet` or `history.parquet` of a run, or a `.json` object with
            accuracies by problem; empty for nothing.
    """

    forgetting: float = 0.2
    retire_at: float = 0.95
    comeback: float = 0.1
    most_groups: int = 4
    aim: float = 0.9
    start: str = ""

    def __post_init__(self) -> None:
        for name, is_right, allowed in (
            ("forgetting", 0 <= self.forgetting <= 1, "0 (forgets nothing) to 1 (remembers the latest visit alone)"),
            ("retire_at", 0 < self.retire_at <= 1, "above 0, up to 1 (retires none)"),
            ("comeback", 0 <= self.comeback <= 1, "0 (solved problems never come back) to 1 (retiring changes nothing)"),
            ("most_groups", self.most_groups >= 1, "1 (equal groups) or more"),
            ("aim", 0 < self.aim < 1, "between 0 and 1"),
        ):
            if not is_right:
                raise InputError(f"data.curriculum.{name} is {getattr(self, name)}; allowed: {allowed}.")

    @abstractmethod
    def gain(self, right_U: Float[Tensor, " U"], wrong_U: Float[Tensor, " U"]) -> Float[Tensor, " U"]:
        """What asking each problem teaches, 0 or more, up to a factor.

        Args:
            right_U: Right responses to each problem, older ones discounted.
            wrong_U: Wrong ones.
        """
        ...

    def check(self, responses: int, groups: int, processes: int) -> None:
        """Refuse a threshold of retirement that no problem can reach, and problems too large for a process.

        Args:
            responses: To a problem in a group, `sampling.n`.
            groups: Of a rollout step over all processes, `prompts_per_step`.
            processes: That answer them.

        Raises:
            InputError: With the highest mean of p that a problem can have, or the most groups.
        """
        if self.most_groups * processes > groups:
            raise InputError(
                f"data.curriculum.most_groups is {self.most_groups} with data.prompts_per_step {groups} on {processes} "
                f"{'process' if processes == 1 else 'processes'}: one problem could take more groups than a process answers; "
                f"allowed: 1 to {groups // processes}."
            )
        known = responses / self.forgetting if self.forgetting else float("inf")
        highest = 1 - 1 / (known + 2)
        if highest <= self.retire_at < 1:
            raise InputError(
                f"data.curriculum.retire_at is {self.retire_at}, and with sampling.n {responses} and forgetting "
                f"{self.forgetting} the mean of a problem that is always answered right rises to {highest:.4f} alone; allowed: "
                "less than that, or 1, which retires none. Less forgetting raises it."
            )

    def retired(self, known: Successes) -> Bool[Tensor, " U"]:
        """Which problems are solved and rest, shape [U]."""
        return (known.mean_U >= self.retire_at) if self.retire_at < 1 else torch.zeros_like(known.solved_U)

    def chances(self, known: Successes) -> Float[Tensor, " U"]:
        """The chance of each problem to be asked when the order of prompts comes to it, shape [U].

        `gain / largest gain`, and `comeback` for a solved one. Where all are solved, or no gain is above 0, all that are left
        have the same chance, 1, as without a curriculum.

        Raises:
            InputError: If a gain is negative or no number.
        """
        gain_U, retired_U = self.gain(known.right_U, known.wrong_U), self.retired(known)
        if not bool((gain_U.isfinite() & (gain_U >= 0)).all()):
            worst = int((~(gain_U.isfinite() & (gain_U >= 0))).nonzero()[0])
            raise InputError(
                f"The curriculum {type(self).__name__} gives the problem {known.uids[worst]!r} the gain "
                f"{float(gain_U[worst])}; allowed: 0 or more."
            )
        if bool(retired_U.all()):
            return torch.ones_like(gain_U)
        highest = gain_U[~retired_U].max()
        chance_U = gain_U / highest if highest > 0 else torch.ones_like(gain_U)
        return torch.where(retired_U, self.comeback, chance_U)

    def groups(self, known: Successes, responses: int) -> Int[Tensor, " U"]:
        """Groups for each problem: the least g with `1 - (1 - mean)^(g n) >= aim`, 1 to `most_groups`, shape [U].

        A problem that was never asked gets one.

        Args:
            known: What is known of the problems.
            responses: n, in a group.
        """
        # Less a hair: where (1 - mean)^(g n) is 1 - aim itself, rounding would ask one group more.
        needed_U = (log1p(-self.aim) / (responses * (-known.mean_U).log1p()) - 1e-9).ceil().clamp(1, self.most_groups)
        return torch.where(known.visits_U > 0, needed_U, 1.0).long()


@dataclass(frozen=True, kw_only=True)
class Learnability(Curriculum):
    """Problems that are sometimes answered right: the expectation of p (1 - p) (arXiv 2502.12272).

    `(r + 1) (w + 1) / ((r + w + 2) (r + w + 3))` for r right and w wrong responses: the variance of a verdict, which all
    gradients with a baseline in the group grow with. 1/6 where nothing is known, up to 1/4.
    """

    def gain(self, right_U: Float[Tensor, " U"], wrong_U: Float[Tensor, " U"]) -> Float[Tensor, " U"]:
        """The expectation of p (1 - p), shape [U]."""
        known_U = right_U + wrong_U
        return (right_U + 1) * (wrong_U + 1) / ((known_U + 2) * (known_U + 3))


@dataclass(frozen=True, kw_only=True)
class MarginalGain(Curriculum):
    """Problems on which pass@k has most to gain: the expectation of its derivative k (1 - p)^(k - 1) (BBG, arXiv 2606.15455).

    `k prod_{j=1}^{k-1} (w + j) / (n + 1 + j)` for w wrong of n responses, here with discounted counts. At k = 1 all problems
    are alike. The larger k, the more goes to problems that were never solved; those that cannot be solved too.

    Args:
        k: The budget whose pass@k is to rise.
    """

    k: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.k < 1:
            raise InputError(f"data.curriculum.k is {self.k}; allowed: 1 or more.")

    def gain(self, right_U: Float[Tensor, " U"], wrong_U: Float[Tensor, " U"]) -> Float[Tensor, " U"]:
        """The expectation of k (1 - p)^(k - 1), shape [U]."""
        known_U, more = right_U + wrong_U, self.k - 1
        # The product as gamma functions, for counts need not be whole: G(w + k) / G(w + 1) over G(n + 1 + k) / G(n + 2).
        wrong = torch.lgamma(wrong_U + 1 + more) - torch.lgamma(wrong_U + 1)
        return self.k * (wrong - torch.lgamma(known_U + 2 + more) + torch.lgamma(known_U + 2)).exp()


@dataclass(frozen=True, kw_only=True)
class Uniform(Curriculum):
    """All problems alike, with equal groups and without retirement: the very draws of a run without a curriculum.

    What is known of the problems is kept and logged. With `retire_at` below 1 solved problems rest; with `most_groups` above 1
    hard ones get more responses.
    """

    retire_at: float = 1.0
    most_groups: int = 1

    def gain(self, right_U: Float[Tensor, " U"], wrong_U: Float[Tensor, " U"]) -> Float[Tensor, " U"]:
        """1 for each, shape [U]."""
        return torch.ones_like(right_U)
