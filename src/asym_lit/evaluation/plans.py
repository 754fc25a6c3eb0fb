"""A plan of studies: for each number of responses and of seeds, the problems that it takes, and power over problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from asym_lit.evaluation.populations import Population, shifted
from asym_lit.evaluation.power import Design, power_of, problems_needed, variances

GRID = (16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724, 1024, 1448, 2048, 2896, 4096)
"""Numbers of problems of the picture."""


@dataclass(frozen=True)
class Plan:
    """What it takes to show a difference."""

    k: int
    difference: float
    power: float
    chances: str
    """Where the population is from, in words."""
    spread: float
    """Of problems, in logits."""
    seed_spread: float
    needed: Mapping[tuple[int, int], int | None]
    """Problems, by responses and seeds; None if no number does."""
    curves: Mapping[tuple[int, int], Sequence[float]]
    """Power at each of `problems`, likewise."""
    problems: Sequence[int] = GRID

    def as_dict(self) -> dict[str, Any]:
        """Plain types, for JSON."""
        head = {name: getattr(self, name) for name in ("k", "difference", "power", "chances", "spread", "seed_spread")}
        studies = [
            {"responses": n, "seeds": s, "problems_needed": needed, "power": list(self.curves[n, s])}
            for (n, s), needed in self.needed.items()
        ]
        return {**head, "problems": list(self.problems), "studies": studies}


def planned(
    population: Population,
    k: int,
    difference: float,
    responses: Sequence[int],
    seeds: Sequence[int],
    power: float,
    chances: str,
    spread: float,
) -> Plan:
    """The plan for a population that is moved by the difference.

    Args:
        population: Without a difference yet.
        k: Budget.
        difference: To be shown, of pass@k.
        responses: Numbers of responses to a problem, each at least k.
        seeds: Numbers of training seeds in each arm.
        power: The chance to show it.
        chances: Where the population is from, in words.
        spread: Of its problems, in logits.

    Raises:
        InputError: If there is no such difference, or a number of responses or seeds will not do.
    """
    moved = shifted(population, k, difference)
    parts = {n: variances(moved, k, n) for n in responses}
    needed = {(n, s): problems_needed(parts[n], s, power) for n in responses for s in seeds}
    curves = {(n, s): [power_of(parts[n], Design(p, n, s)) for p in GRID] for n in responses for s in seeds}
    return Plan(k, difference, power, chances, spread, population.seed_spread, needed, curves)
