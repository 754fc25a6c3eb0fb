"""BBG: groups weigh by what one more right answer to their problem would add to pass@k (arXiv 2606.15455)."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Literal

import torch
from torch import Tensor

from asym_lit.shapes import Float, Int
from asym_lit.types import Experience, InputError, Needs


def marginal_gain(right: Int[Tensor, "*P"], answered: Int[Tensor, "*P"], k: int) -> Float[Tensor, "*P"]:
    """`u(m; n, k) = E[k (1 - p)^(k - 1)]` over `Beta(m + 1, n - m + 1)`: pass@k's slope in p, p known from m right of n.

    It is `k prod_{j < k} (n - m + j) / (n + 1 + j)`; for n 8 and k 4: 3, 2.18, 1.53, 1.02, .64 ... .02. At k = 1 it is 1.

    Args:
        right: m, of each problem.
        answered: n.
        k: Budget, at least 1.
    """
    m, n = right.double(), answered.double()
    fallen = torch.lgamma(n - m + k) - torch.lgamma(n - m + 1) - torch.lgamma(n + 1 + k) + torch.lgamma(n + 2)
    return (log(k) + fallen).exp()


@dataclass(frozen=True)
class MarginalGain:
    """BBG's gate on marginal pass@k: groups with `u(m) < tau (n + 1)` get 0; as `factor`, others count by `u(m) / u(1)`.

    m of n decided responses are right. The paper also trains on all-wrong groups, by a signed REINFORCE loss.
    Unverified, and therefore arguments: the paper's k and tau, whether it weighs groups that pass the gate, and the size of
    its push on all-wrong groups. The defaults are ours.

    Assumes that a prior without preference fits every problem. All-right groups are the first to be left out. At `tau` 0, as a
    gate, without a push on all-wrong groups, advantages stay.

    Args:
        k: Budget of pass@k; 1 has no preference.
        tau: Threshold; 0 lets every group through.
        weigh: `gate`, or `factor`, which GRPO's silent all-wrong groups leave silent.
        all_wrong: Advantages of all-wrong groups are `-all_wrong` in place of what they were; 0 leaves them.
    """

    k: int = 8
    tau: float = 0.01
    weigh: Literal["gate", "factor"] = "gate"
    all_wrong: float = 0.0
    needs = Needs()

    def __post_init__(self) -> None:
        if self.k < 1:
            raise InputError(f"k is {self.k}; allowed: 1 or more.")
        if self.tau < 0 or self.all_wrong < 0:
            raise InputError(f"tau is {self.tau} and all_wrong {self.all_wrong}; allowed: 0 (off) or more.")

    @property
    def keeps_zero(self) -> bool:
        """Unless all-wrong groups are pushed."""
        return self.all_wrong == 0

    def __call__(self, advantages_BT: Float[Tensor, "B T"], experience: Experience) -> Float[Tensor, "B T"]:
        """New advantages, shape [B, T]."""
        size = experience.group_size
        valid_PG = experience.valid_B.view(-1, size)
        answered_P, right_P = valid_PG.sum(-1), (experience.correct_B.view(-1, size) & valid_PG).sum(-1)
        gain_P = marginal_gain(right_P, answered_P, self.k)
        factor_P = (gain_P >= self.tau * (answered_P.double() + 1)).to(gain_P.dtype)
        if self.weigh == "factor":
            factor_P = factor_P * gain_P / marginal_gain(torch.ones_like(right_P).minimum(answered_P), answered_P, self.k)
        factor_B = factor_P.to(advantages_BT.dtype).repeat_interleave(size)
        if self.all_wrong:
            wrong_B = ((right_P == 0) & (answered_P > 0)).repeat_interleave(size) & experience.valid_B
            pushed_BT = -self.all_wrong * experience.mask_BT
            advantages_BT = torch.where(wrong_B[:, None], pushed_BT, advantages_BT)
        return advantages_BT * factor_B[:, None]
