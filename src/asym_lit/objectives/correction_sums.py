"""What is told of a sampler correction: its weights, how many were cut, how many are 0."""

from __future__ import annotations

from torch import Tensor

from asym_lit.objectives.corrections import SamplerCorrection, truncated
from asym_lit.reductions import masked_sum
from asym_lit.shapes import Float
from asym_lit.types import Experience


def weight_sums(
    weights: Float[Tensor, " B #T"], experience: Experience, correction: SamplerCorrection
) -> dict[str, Float[Tensor, ""]]:
    """Sums over tokens of the weights, of those that were truncated and of those that are 0, by metric name."""
    mask_BT = experience.mask_BT
    kinds = {"weight": weights, "truncated": truncated(weights, experience, correction), "dropped": weights == 0}
    return {
        f"correction/{name}": masked_sum(kind.expand_as(mask_BT).to(mask_BT.dtype), mask_BT) for name, kind in kinds.items()
    }
