"""Bands over every budget: curves with bounds that hold at all k together, and what is sure of gains and losses.

How they are computed: `simultaneous`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

ROUNDING = 1e-12
"""Differences and standard errors below it are 0: shares of whole numbers, averaged in float64."""


@dataclass(frozen=True)
class Band:
    """A curve over every k from 1, and bounds that hold at all of them together."""

    mean: np.ndarray
    """Shape [k], as all here; its first value is at k = 1."""
    low: np.ndarray
    high: np.ndarray
    """NaN with a single problem."""
    level: float
    critical: float
    """Standard errors to either side, were degrees of freedom without end; 1.96 at one k alone."""

    @property
    def ks(self) -> list[int]:
        """1, 2 ... up to the most."""
        return list(range(1, len(self.mean) + 1))

    @property
    def gain(self) -> list[int]:
        """Budgets at which the whole band lies above 0."""
        return [k for k, low in zip(self.ks, self.low, strict=True) if low > ROUNDING]

    @property
    def loss(self) -> list[int]:
        """Budgets at which the whole band lies below 0."""
        return [k for k, high in zip(self.ks, self.high, strict=True) if high < -ROUNDING]

    @property
    def first_loss_k(self) -> int | None:
        """The smallest k with an estimate below 0, None without; the set that holds the true one is `first_loss`."""
        return next((k for k, mean in zip(self.ks, self.mean, strict=True) if mean < -ROUNDING), None)

    @property
    def first_loss(self) -> list[int]:
        """Budgets at which the loss may begin: no earlier one loses for sure, and this one does not gain or stay for sure.

        The smallest k with a true difference below 0 is among them with the band's chance, if there is such a k. There may be
        none unless `loss` holds one.
        """
        end = self.loss[0] if self.loss else len(self.mean)
        return [k for k, low in zip(self.ks, self.low, strict=True) if k <= end and low < -ROUNDING]

    def as_dict(self) -> dict[str, Any]:
        """Plain types, for JSON."""
        bounds = {name: getattr(self, name).tolist() for name in ("mean", "low", "high")}
        return {"ks": self.ks, **bounds, "level": self.level, "critical": self.critical}


@dataclass(frozen=True)
class EveryK:
    """An arm and what it is held against, over every budget."""

    arm: str
    reference: str
    arm_curve: Band
    reference_curve: Band
    difference: Band
    """The arm less the reference, paired by problem."""

    def as_dict(self) -> dict[str, Any]:
        """Plain types, for JSON."""
        found = self.difference
        sure = {
            "gain": found.gain,
            "loss": found.loss,
            "first_loss": found.first_loss,
            "first_loss_k": found.first_loss_k,
            "may_never_lose": not found.loss,
        }
        curves = {name: getattr(self, name).as_dict() for name in ("arm_curve", "reference_curve", "difference")}
        return {"arm": self.arm, "reference": self.reference, **sure, **curves}
