"""Parts that steer by what they have measured: an entropy bonus that moves toward a target, and how its memory is kept.

Parts are frozen; what they remember is a dict of numbers that the trainer holds, hands to every loss (`Experience.memory`) and
saves. It is a function of means over all processes, so it is the same on each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import torch
from torch import Tensor

from asym_lit.objectives.regularizers import EntropyBonus, Regularizer
from asym_lit.shapes import Float
from asym_lit.types import Experience, InputError, Needs, TokenScores

Moment = Literal["update", "rollout_step"]


@runtime_checkable
class Steering(Regularizer, Protocol):
    """A regulariser with a memory.

    Assumes that the trainer hands its memory to every loss, tells it the means, and saves what it remembers.
    """

    def measured(self, scores: TokenScores, experience: Experience) -> dict[str, Float[Tensor, "B T"]]:
        """What it wants means over tokens of, by metric name; detached."""
        ...

    def remember(self, memory: Mapping[str, float], means: Mapping[str, float], moment: Moment) -> dict[str, float]:
        """What it remembers from here on.

        Args:
            memory: So far; empty at the start of a run.
            means: Over the tokens of the moment, on all processes.
            moment: What has just ended.
        """
        ...


@dataclass(frozen=True)
class EntropyControl:
    """An entropy bonus whose coefficient moves toward a target entropy (Skywork-OR1, arXiv 2505.22312; TRL).

    `- c H` per token, while the last entropy H was below the target; then `c <- clip(c + delta)` below it, else `c - delta`.
    Two published rules. `skywork`: H is of the whole rollout step, c moves once a step, below is `<`, and the first step has
    the bonus. `trl`: H is of an optimizer step, c moves at each, below is `<=`, and the first has no bonus. Published settings:
    Skywork delta 1e-4, highest 0.005, target 0.2, start 0; TRL 0.005, 1.0, 0.2, 0. At TRL's delta the bonus is 20 times
    Skywork's highest after 20 steps. The target is for long answers of models of 7B and more.

    Assumes that one number says how much the policy explores. With start, lowest and highest of 0 it adds nothing. The bonus
    is averaged as the objective's tokens are; both authors average it over tokens, as `TokenMean` does.

    Args:
        target: Entropy per token, in nats.
        delta: What c moves by.
        highest: Largest c.
        lowest: Least c.
        start: c at the start.
        rule: `skywork` or `trl`.
    """

    target: float = 0.2
    delta: float = 1e-4
    highest: float = 0.005
    lowest: float = 0.0
    start: float = 0.0
    rule: Literal["skywork", "trl"] = "skywork"
    name = "entropy_control"

    def __post_init__(self) -> None:
        if not 0 <= self.lowest <= self.highest or self.delta < 0 or self.start < 0:
            raise InputError(
                f"lowest is {self.lowest}, highest {self.highest}, delta {self.delta}, start {self.start}; allowed: "
                "0 <= lowest <= highest, and delta and start of 0 or more (Skywork: 0, 0.005, 0.0001, 0)."
            )

    @property
    def is_off(self) -> bool:
        """The coefficient is 0 for good."""
        return self.highest == 0 == self.start

    @property
    def needs(self) -> Needs:
        """The entropy, with gradient."""
        return Needs() if self.is_off else Needs(entropy=True, entropy_gradient=True)

    @property
    def keeps_zero(self) -> bool:
        """Only if it is off: it looks at every response."""
        return self.is_off

    def coefficient(self, memory: Mapping[str, float]) -> float:
        """c."""
        return memory.get(f"{self.name}/coefficient", self.start)

    def applied(self, memory: Mapping[str, float]) -> float:
        """What the next update adds: c, or 0 while the entropy is high enough."""
        seen = memory.get(f"{self.name}/entropy")
        is_open = self.rule == "skywork" if seen is None else self._is_low(seen)
        return self.coefficient(memory) if is_open else 0.0

    def __call__(self, scores: TokenScores, experience: Experience) -> Float[Tensor, "B T"]:
        """Added loss, shape [B, T]."""
        return EntropyBonus(self.applied(experience.memory))(scores, experience)

    def measured(self, scores: TokenScores, experience: Experience) -> dict[str, Float[Tensor, "B T"]]:
        """The entropy, and the coefficient in use."""
        if self.is_off:
            return {}
        assert scores.entropy_BT is not None
        applied_BT = torch.full_like(scores.entropy_BT, self.applied(experience.memory)).detach()
        return {f"{self.name}/entropy": scores.entropy_BT.detach(), f"{self.name}/applied": applied_BT}

    def remember(self, memory: Mapping[str, float], means: Mapping[str, float], moment: Moment) -> dict[str, float]:
        """Coefficient and entropy from here on."""
        entropy = means.get(f"{self.name}/entropy")
        if entropy is None or (moment == "update") != (self.rule == "trl"):
            return {}
        moved = self.coefficient(memory) + (self.delta if self._is_low(entropy) else -self.delta)
        kept = min(max(moved, self.lowest), self.highest)
        return {f"{self.name}/coefficient": kept, f"{self.name}/entropy": entropy}

    def _is_low(self, entropy: float) -> bool:
        return entropy <= self.target if self.rule == "trl" else entropy < self.target


@dataclass
class Feedback:
    """What steering parts are told of one rollout step.

    Assumes that every process makes the same updates in the same order, for their sums are added up. Without steering parts it
    does nothing, and no collective.

    Args:
        parts: Regularisers; those without a memory are passed over.
        memory: Of the run; changed in place.
        collect: Sums over processes.
    """

    parts: tuple[Regularizer, ...]
    memory: dict[str, float]
    collect: Callable[[Tensor], Tensor]
    totals: dict[str, tuple[float, float]] = field(default_factory=dict)

    def after_update(self, sums: Mapping[str, Tensor], tokens: float) -> None:
        """Tell what one update has measured. A collective where there are steering parts.

        Args:
            sums: Over the tokens of this process, by metric.
            tokens: On all processes.
        """
        steering = [part for part in self.parts if isinstance(part, Steering)]
        names = [name for name in sums if any(name.startswith(f"{part.name}/") for part in steering)]
        if not names or not tokens:
            return
        found = self.collect(torch.stack([sums[name].double() for name in names])).tolist()
        means = {name: total / tokens for name, total in zip(names, found, strict=True)}
        for name, total in zip(names, found, strict=True):
            before = self.totals.get(name, (0.0, 0.0))
            self.totals[name] = (before[0] + total, before[1] + tokens)
        self._tell(means, "update")

    def after_step(self) -> None:
        """Tell what all updates of the step have measured."""
        self._tell({name: total / count for name, (total, count) in self.totals.items()}, "rollout_step")

    def _tell(self, means: Mapping[str, float], moment: Moment) -> None:
        finite = {name: mean for name, mean in means.items() if mean - mean == 0}
        for part in self.parts:
            if isinstance(part, Steering):
                self.memory.update(part.remember(self.memory, finite, moment))
