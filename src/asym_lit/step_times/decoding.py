"""How responses are written token by token: how many are in work at once, for how many passes, and how far they have come.

A pass of the policy makes one token of each response in work. It reads all weights whatever their number, so passes are dear
where few are left: the longest response sets how many there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from asym_lit.step_times.costs import PolicyCosts
from asym_lit.step_times.work import StepWork

PARTS = 64
"""Of the longest response; rows and keys are taken from the middle of each."""


@dataclass(frozen=True, slots=True)
class EngineRoom:
    """What an engine can hold at once, each replica of it."""

    rows: float = float("inf")
    """Responses in work at the same time."""
    refills: bool = True
    """A response that ends makes room for the next at once, as in vLLM; else a whole batch ends before the next begins."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some passes that are alike."""

    passes: float
    rows: float
    """Responses in work."""
    keys: float
    """Tokens that each of them sees."""


def stretches(work: StepWork, rows: float, room: EngineRoom) -> Iterator[Stretch]:
    """The passes of one replica.

    Args:
        work: Of the step.
        rows: Responses that this replica writes.
        room: What it holds at once.
    """
    if rows <= 0:
        return
    if room.refills and rows > room.rows:
        # Full until the last ones begin: each place is taken for a mean length a response.
        yield Stretch((rows - room.rows) * work.response / room.rows, room.rows, work.prompt + work.response / 2)
        waves, at_once = 1, room.rows
    else:
        waves = max(ceil(rows / room.rows), 1)
        at_once = rows / waves
    for part in range(PARTS):
        done = (part + 0.5) / PARTS
        left = at_once * (1 - done) ** work.bend
        yield Stretch(waves * work.longest / PARTS, max(left, 1.0), work.prompt + done * work.longest)


def passes_of(work: StepWork, rows: float, room: EngineRoom) -> float:
    """How many passes a replica makes."""
    return sum(stretch.passes for stretch in stretches(work, rows, room))


def decode_flops(costs: PolicyCosts, stretch: Stretch) -> float:
    """Operations of one pass."""
    return stretch.rows * (2 * (costs.products + costs.head) + 4 * costs.attended * stretch.keys)


def decode_bytes(costs: PolicyCosts, stretch: Stretch) -> float:
    """Memory that one pass reads: all weights, and the cache of each response."""
    return costs.number_bytes * (costs.products + costs.head + costs.cached * stretch.rows * stretch.keys)
