"""Anchors: whose log-probs a policy is measured against: the trainer's before the first update, or the engine's that sampled.

The reference, which never moves, is the business of `regularizers`.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from asym_lit.shapes import Float
from asym_lit.types import Experience

Anchor = Literal["old", "rollout"]
"""`old`: the trainer's own log-probs at the weights that sampled; the gap to the engine is the correction's.
`rollout`: the engine's, so staleness and that gap are one thing, and a correction beside it would count the gap twice."""


def anchor_logprobs(experience: Experience, anchor: Anchor) -> Float[Tensor, "B T"]:
    """Log-probs of the sampled tokens under the anchor, detached, shape [B, T]."""
    if anchor == "rollout":
        return experience.sampler_logprobs_BT.detach()
    assert experience.old_logprobs_BT is not None
    return experience.old_logprobs_BT.detach()


class Anchored:
    """A part that measures from an anchor, and says so to the sampler correction (`corrections.check_gap_counted_once`)."""

    anchor: Anchor

    @property
    def own_gap(self) -> str:
        """Where the engine's gap is already counted; empty if it is left to the correction."""
        return "measures from the engine's log-probs (anchor: rollout)" if self.anchor == "rollout" else ""
