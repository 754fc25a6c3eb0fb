"""Corrections made of another one. The plain ones are in `corrections`."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from asym_lit.objectives.corrections import SamplerCorrection, TokenTruncated, log_rho
from asym_lit.reductions import masked_mean
from asym_lit.shapes import Float
from asym_lit.types import Experience, Needs


@dataclass(frozen=True)
class GeometricMean:
    """The geometric mean of another correction's token weights, for all tokens of a response, as verl has it for GMPO.

    Assumes token weights: of one number for a response it is that number. Where one weight is 0 the response is dropped.
    Without a gap every weight is 1.

    Args:
        of: The correction; verl: `TokenTruncated`.
    """

    of: SamplerCorrection = TokenTruncated()

    @property
    def needs(self) -> Needs:
        """What the other needs."""
        return self.of.needs

    def weights(self, experience: Experience) -> Float[Tensor, "B 1"] | None:
        """Weights, shape [B, 1]."""
        weights = self.of.weights(experience)
        if weights is None:
            return None
        return masked_mean(weights.log().expand_as(experience.mask_BT), experience.mask_BT, -1).exp()[:, None]

    def log_ratio(self, experience: Experience) -> Float[Tensor, "B 1"]:
        """What its weights stand for."""
        return masked_mean(log_rho(experience), experience.mask_BT, -1)[:, None]
