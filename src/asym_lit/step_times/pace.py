"""Seconds from measured steps: each stage is passes that cost the same whatever they hold, and operations at a rate.

Two steps of different size tell the two apart; with one all of its time is put down to operations, which is right where the
measured step is as large as the predicted one, and too much where it is smaller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from asym_lit.step_times.costs import PolicyCosts
from asym_lit.step_times.decoding import EngineRoom, decode_flops, passes_of, stretches
from asym_lit.step_times.roofline import StageSeconds
from asym_lit.step_times.work import StepWork, prefill_flops, score_flops, update_flops


@dataclass(frozen=True, slots=True)
class Effort:
    """What a stage does."""

    passes: float
    """Of generating, tokens' passes; of an update, optimizer steps; none of scoring."""
    flops: float


def efforts(costs: PolicyCosts, work: StepWork, room: EngineRoom) -> dict[str, Effort]:
    """Of each stage, on one device.

    Args:
        costs: Of the policy.
        work: Of the step.
        room: What its engine holds at once.
    """
    decoded = sum(part.passes * decode_flops(costs, part) for part in stretches(work, work.rollouts, room))
    return {
        "generate": Effort(passes_of(work, work.rollouts, room), prefill_flops(costs, work) + decoded),
        "score": Effort(0.0, score_flops(costs, work)),
        "update": Effort(work.updates, update_flops(costs, work)),
    }


@dataclass(frozen=True, slots=True)
class Pace:
    """How quick a stage is."""

    pass_seconds: float
    flop_seconds: float

    def seconds(self, effort: Effort) -> float:
        """Of so much."""
        return effort.passes * self.pass_seconds + effort.flops * self.flop_seconds


def pace_of(measured: Sequence[tuple[Effort, float]]) -> Pace:
    """The pace of a stage by least squares of relative errors, neither part below 0.

    Args:
        measured: What was done, and how many seconds it took; those that did nothing are left out.
    """
    seen = [(one, seconds) for one, seconds in measured if one.flops > 0 and seconds > 0]
    if not seen:
        return Pace(0.0, 0.0)
    rows = [(one.passes / seconds, one.flops / seconds) for one, seconds in seen]
    pp, pf, ff = (sum(a[i] * a[j] for a in rows) for i, j in ((0, 0), (0, 1), (1, 1)))
    p, f = sum(a[0] for a in rows), sum(a[1] for a in rows)
    determinant = pp * ff - pf * pf
    if len(seen) > 1 and determinant > 1e-12 * pp * ff:
        by_pass, by_flop = (p * ff - f * pf) / determinant, (f * pp - p * pf) / determinant
        if by_pass >= 0 and by_flop >= 0:
            return Pace(by_pass, by_flop)
        if by_flop < 0:
            return Pace(p / pp, 0.0)
    return Pace(0.0, f / ff)


def predicted(paces: Mapping[str, Pace], wanted: Mapping[str, Effort], sync: float = 0.0) -> StageSeconds:
    """A step by stage at measured paces."""
    return StageSeconds(**{stage: paces[stage].seconds(effort) for stage, effort in wanted.items()}, sync=sync)
