"""A loss of whole groups: REAL, which tells right responses from wrong ones (arXiv 2602.05630). Its rows must stand together.

Losses of single tokens are in `token_losses`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from asym_lit.objectives.ratios import MAX_LOG_RATIO
from asym_lit.objectives.token_losses import TokenLossTerms
from asym_lit.reductions import masked_mean
from asym_lit.shapes import Float
from asym_lit.types import Experience, InputError, TokenScores


@dataclass(frozen=True)
class GroupClassification:
    """REAL: `log(1 + sum_wrong e^s) + log(1 + sum_right e^-s)` of a group, `s = mean_t log(pi / pi_old) / tau`.

    Right and wrong are the verdict's; advantages are not read, and there is no clip. Groups of one kind have no loss. The
    group's loss stands on each of its tokens, so under `PromptMean` it counts once: the sum over groups over all groups.

    Assumes `PromptMean`, and micro-batches of whole groups (`whole_groups`), which PolicyModule and replay make. Before the
    first update every s is 0: right responses are pulled by `1 / (1 + right)` of `1 / tau` each, wrong ones pushed by
    `1 / (1 + wrong)`. A response's pull never exceeds `1 / tau`.

    Args:
        tau: Temperature of the scores. Published: 0.5.
    """

    tau: float = 0.5
    whole_groups = True

    def __post_init__(self) -> None:
        if not self.tau > 0:
            raise InputError(f"tau is {self.tau}; allowed: above 0 (published: 0.5).")

    def __call__(
        self, ratio_BT: Float[Tensor, "B T"], advantages_BT: Float[Tensor, "B T"], scores: TokenScores, experience: Experience
    ) -> TokenLossTerms:
        """The group's loss on each token, shape [B, T]."""
        assert experience.old_logprobs_BT is not None
        mask_BT = experience.mask_BT
        member_BB = self._members(experience)
        shift_BT = (scores.logprobs_BT - experience.old_logprobs_BT).clamp(-MAX_LOG_RATIO, MAX_LOG_RATIO)
        score_B = masked_mean(shift_BT, mask_BT, -1) / self.tau
        sides = []
        for chosen_B, sign in ((~experience.correct_B, 1), (experience.correct_B, -1)):
            of_side_BB = member_BB & chosen_B
            # A group's own 0, for the 1 in the logarithm.
            terms_BB = torch.cat([torch.zeros_like(score_B)[:, None], (sign * score_B).expand_as(of_side_BB)], -1)
            open_BB = torch.cat([torch.ones_like(chosen_B)[:, None], of_side_BB], -1)
            sides.append((terms_BB.masked_fill(~open_BB, -torch.inf).logsumexp(-1), of_side_BB.any(-1)))
        (wrong_B, has_wrong_B), (right_B, has_right_B) = sides
        loss_B = torch.where(has_wrong_B & has_right_B, wrong_B + right_B, 0)
        never_BT = torch.zeros_like(ratio_BT, dtype=torch.bool)
        return TokenLossTerms(loss_B[:, None] * torch.ones_like(mask_BT), never_BT, never_BT)

    def _members(self, experience: Experience) -> Tensor:
        """Bool: two rows are of one group and have tokens, shape [B, B]."""
        slots_B, expected_B = experience.slots_B, experience.prompt_tokens_B
        if slots_B is None or expected_B is None:
            raise InputError(
                "GroupClassification (REAL) is a loss of whole groups, and these rows do not say which they are of; allowed in "
                "PolicyModule and replay."
            )
        has_tokens_B = experience.mask_BT.any(-1)
        member_BB = (slots_B[:, None] == slots_B) & has_tokens_B & has_tokens_B[:, None]
        found_B = (member_BB * experience.lengths_B).sum(-1)
        if ((found_B != expected_B) & has_tokens_B).any():
            raise RuntimeError("A group was cut up between micro-batches, and GroupClassification (REAL) needs it whole.")
        return member_BB
