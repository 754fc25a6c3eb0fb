"""pass@k: the chance that at least one of k responses is right, and how sure we are of it.

Tables and figures of it are in `reports/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from scipy.stats import bootstrap
from torch import Tensor
from torchmetrics import Metric

from asym_lit.types import InputError

RESAMPLES = 2000


def powers_of_two(n: int) -> list[int]:
    """1, 2, 4 ... up to n."""
    return [2**i for i in range(n.bit_length()) if 2**i <= n]


def checked_counts(
    samples: Sequence[int] | np.ndarray, correct: Sequence[int] | np.ndarray, k: int, what: str
) -> tuple[np.ndarray, np.ndarray]:
    """n and c of each problem as whole numbers, where an unbiased estimate at k exists.

    Args:
        samples: n, responses per problem.
        correct: c, right ones among them.
        k: Budget.
        what: Name of the estimate, for the message.

    Raises:
        InputError: If a problem has fewer than k responses, or counts that cannot be.
    """
    if not isinstance(k, int | np.integer) or isinstance(k, bool):
        raise InputError(f"{what}: k is {k!r}; allowed: a whole number of at least 1.")
    n, c = _whole(samples, what), _whole(correct, what)
    if n.shape != c.shape:
        raise InputError(f"{what} of {n.size} numbers of responses and {c.size} of right ones; give one of each per problem.")
    if k < 1 or (n.size and n.min() < k):
        raise InputError(
            f"{what} of problems with as few as {n.min() if n.size else 0} responses; allowed: k from 1 to the number of "
            "responses, for no unbiased estimate exists beyond. Raise evaluation.n or lower k."
        )
    if np.any((c < 0) | (c > n)):
        bad = int(np.flatnonzero((c < 0) | (c > n))[0])
        raise InputError(
            f"{what}: problem {bad} has {c[bad]} right responses of {n[bad]}; allowed: 0 to the number of responses."
        )
    return n, c


def _whole(counts: Sequence[int] | np.ndarray, what: str) -> np.ndarray:
    """Counts as whole numbers; 0.5 would become 0 without a word."""
    given = np.asarray(counts)
    if given.size and not (np.issubdtype(given.dtype, np.number) and np.all(given == np.floor(given))):
        raise InputError(f"{what}: counts are whole numbers, and these are {given.dtype} such as {given.ravel()[0]!r}.")
    return given.astype(np.int64)


def pass_at_k(samples: Sequence[int] | np.ndarray, correct: Sequence[int] | np.ndarray, k: int) -> np.ndarray:
    """Unbiased pass@k of each problem: `1 - C(n - c, k) / C(n, k)` (arXiv 2107.03374), in float64.

    Args:
        samples: n, responses per problem; each at least k.
        correct: c, right ones among them.
        k: Budget.

    Returns:
        One value per problem.

    Raises:
        InputError: If a problem has fewer than k responses: no unbiased estimate exists then.
    """
    n, c = checked_counts(samples, correct, k, f"pass@{k}")
    # The product of (n - c - i) / (n - i) over i < k: it reaches 0 by itself where n - c < k.
    i = np.arange(k)[:, None]
    return 1.0 - np.prod(np.clip(n - c - i, 0, None) / (n - i), axis=0)


@dataclass  # not frozen: torchmetrics copies what compute() returns field by field
class PassAtKCurve:
    """pass@k of one evaluation set, with 95 % intervals by bootstrap over problems."""

    problems: int
    samples: int
    """Fewest responses to any problem."""
    ks: list[int]
    mean: list[float]
    low: list[float]
    high: list[float]
    """NaN with a single problem."""
    left_out: list[int] = field(default_factory=list)
    """Problems by k that have fewer than k decided responses, and are not in the mean; empty if there are none at any k."""
    undecided: int = 0
    """Responses without a verdict, over all problems."""
    if_wrong: list[float] = field(default_factory=list)
    """The mean over all problems by k, were every undecided response wrong; empty if there are none."""
    if_right: list[float] = field(default_factory=list)
    """Likewise, were every one right: what is not known lies between."""
    reward: float | None = None
    """Mean reward of the responses, where a verifier gives other rewards than those of right and wrong."""

    @property
    def area(self) -> float:
        """Area under pass@k against log k, by trapezoids, over its width: each doubling of k weighs the same."""
        known = [(k, mean) for k, mean in zip(self.ks, self.mean, strict=True) if not np.isnan(mean)]
        ks, means = [k for k, _ in known], [mean for _, mean in known]
        width = np.log2(ks[-1] / ks[0]) if ks else 0.0
        return float(np.trapezoid(means, np.log2(ks)) / width) if width else (means or [float("nan")])[0]

    def metrics(self, prefix: str) -> dict[str, float]:
        """Scalars by metric name: `prefix/pass@k` and its bounds, `prefix/pass@k_area`, and `prefix/reward` if there is one."""
        found = {f"{prefix}/pass@k_area": self.area}
        if self.reward is not None:
            found[f"{prefix}/reward"] = self.reward
        for i, k in enumerate(self.ks):
            found[f"{prefix}/pass@{k}"] = self.mean[i]
            found[f"{prefix}_interval/pass@{k}_low"] = self.low[i]
            found[f"{prefix}_interval/pass@{k}_high"] = self.high[i]
        return found

    def as_dict(self) -> dict[str, Any]:
        """Plain types, for JSON."""
        return asdict(self)


def pass_at_k_curve(
    samples: Sequence[int], correct: Sequence[int], ks: Sequence[int], seed: int = 0, undecided: Sequence[int] = ()
) -> PassAtKCurve:
    """Means over problems with percentile bootstrap intervals; problems are resampled, for they are what varies.

    Args:
        samples: Decided responses per problem.
        correct: Right ones among them.
        ks: Budgets.
        seed: Of the resampling.
        undecided: Responses without a verdict per problem. One that has fewer than k responses for want of verdicts is left
            out at that k; none are undecided if it is empty.

    Raises:
        InputError: If a problem has fewer than k responses, decided or not, or there is none.
    """
    if not len(samples):
        raise InputError("There are no problems to average over.")
    n, c = np.asarray(samples), np.asarray(correct)
    open_N = np.asarray(undecided if len(undecided) else np.zeros(len(n)), dtype=np.int64)
    mean, low, high, left_out = [], [], [], []
    for k in ks:
        pass_at_k(n + open_N, c, k)  # refuses a k that verdicts could not make possible
        enough = (n >= k) | (open_N == 0)
        values = pass_at_k(n[enough], c[enough], k)
        left_out.append(int((~enough).sum()))
        mean.append(float(values.mean()) if len(values) else float("nan"))
        bounds = (float("nan"), float("nan"))
        if len(values) > 1:
            interval = bootstrap(
                (values,), np.mean, n_resamples=RESAMPLES, method="percentile", rng=np.random.default_rng(seed)
            ).confidence_interval
            bounds = (float(interval.low), float(interval.high))
        low.append(bounds[0])
        high.append(bounds[1])
    curve = PassAtKCurve(len(samples), int(min(samples)), list(ks), mean, low, high)
    if open_N.any():
        curve.left_out, curve.undecided = left_out if any(left_out) else [], int(open_N.sum())
        curve.if_wrong = [float(pass_at_k(n + open_N, c, k).mean()) for k in ks]
        curve.if_right = [float(pass_at_k(n + open_N, c + open_N, k).mean()) for k in ks]
    return curve


class PassAtKMetric(Metric):
    """Collects (responses, right ones) per problem on all processes; computes a `PassAtKCurve`.

    Args:
        ks: Budgets; those above the fewest responses, decided or not, are refused when computed.
        seed: Of the bootstrap.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    samples: list[Tensor]
    correct: list[Tensor]
    undecided: list[Tensor]

    def __init__(self, ks: Sequence[int], seed: int = 0) -> None:
        super().__init__()
        self.ks, self.seed = list(ks), seed
        self.add_state("samples", default=[], dist_reduce_fx="cat")
        self.add_state("correct", default=[], dist_reduce_fx="cat")
        self.add_state("undecided", default=[], dist_reduce_fx="cat")

    def update(self, samples: Sequence[int], correct: Sequence[int], undecided: Sequence[int] | None = None) -> None:
        """Add problems: decided responses, right ones, and those without a verdict (none if not given)."""
        without = [0] * len(samples) if undecided is None else list(undecided)
        self.undecided.append(torch.tensor(without, dtype=torch.int64, device=self.device))
        self.samples.append(torch.tensor(list(samples), dtype=torch.int64, device=self.device))
        self.correct.append(torch.tensor(list(correct), dtype=torch.int64, device=self.device))

    def compute(self) -> PassAtKCurve:
        """The curve over all problems."""
        counts = (flat_counts(state) for state in (self.samples, self.correct, self.undecided))
        samples, correct, undecided = counts
        return pass_at_k_curve(samples, correct, self.ks, self.seed, undecided)


def flat_counts(state: list[Tensor] | Tensor) -> list[int]:
    """A state of counts as one list; torchmetrics keeps a list of tensors, or one tensor once it has been gathered."""
    if not len(state):
        return []
    joined = state if isinstance(state, Tensor) else torch.cat(state)
    values: list[int] = joined.tolist()
    return values
