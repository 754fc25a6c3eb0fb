"""Claims that are read off published tables: what their numbers of problems let them show. Bands: `published`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from asym_lit.evaluation.published import (
    Assumption,
    PublishedPair,
    Spread,
    Standing,
    difference_band,
    mean_band,
    standing,
)
from asym_lit.types import InputError


@dataclass(frozen=True)
class PublishedTable:
    """pass@k of arms on benchmarks, as printed."""

    source: str
    """The paper's arXiv id and the table."""
    model: str
    ks: Sequence[int]
    samples: Mapping[str, int]
    """n by benchmark."""
    rows: Mapping[str, Mapping[str, Sequence[float]]]
    """By arm and benchmark: percent, one for each k."""


@dataclass(frozen=True)
class Claim:
    """That an arm lies above, or below, another at a k."""

    table: PublishedTable
    arm: str
    against: str
    k: int
    above: bool


@dataclass(frozen=True)
class ClaimReading:
    """What becomes of a claim."""

    claim: Claim
    pairs: list[PublishedPair]
    mean: float
    """Difference, mean over the benchmarks."""
    bands: Mapping[Assumption, tuple[float, float]]
    """Of that mean."""
    standing: Standing
    alone: list[Standing]
    """Of each benchmark by itself."""


def read_claim(claim: Claim, problems: Mapping[str, int], spreads: Sequence[Spread]) -> ClaimReading:
    """Bands of a claim over all benchmarks of its table.

    Args:
        claim: What is read off the table.
        problems: M by benchmark.
        spreads: Of measured arms.

    Raises:
        InputError: If its table has no such arm, k or benchmark.
    """
    pairs = pairs_of(claim, problems)
    of_each = [{one: difference_band(pair, one, spreads) for one in Assumption} for pair in pairs]
    means = {one: mean_band(pairs, [bands[one] for bands in of_each]) for one in Assumption}
    bands = {one: (low, high) for one, (_, low, high) in means.items()}
    alone = [standing(each, claim.above) for each in of_each]
    return ClaimReading(claim, pairs, means[Assumption.NESTED][0], bands, standing(bands, claim.above), alone)


def pairs_of(claim: Claim, problems: Mapping[str, int]) -> list[PublishedPair]:
    """The cells of a claim, one pair a benchmark.

    Args:
        claim: What is read off the table.
        problems: M by benchmark.

    Raises:
        InputError: If its table has no such arm, k or benchmark.
    """
    table = claim.table
    for name in (claim.arm, claim.against):
        if name not in table.rows:
            raise InputError(f"{table.source}, {table.model}: it has no arm {name!r}; it has {', '.join(table.rows)}.")
    if claim.k not in table.ks:
        raise InputError(f"{table.source}, {table.model}: it has no k = {claim.k}; it has {', '.join(map(str, table.ks))}.")
    arm, against, at = table.rows[claim.arm], table.rows[claim.against], list(table.ks).index(claim.k)
    found = []
    for name, n in table.samples.items():
        for row, cells in ((claim.arm, arm), (claim.against, against)):
            if len(cells.get(name, ())) != len(table.ks):
                printed = len(cells.get(name, ()))
                raise InputError(
                    f"{table.source}, {table.model}, {row}: it has {printed} cells of {name} for {len(table.ks)} ks."
                )
        if name not in problems:
            raise InputError(f"{table.source}: nothing says how many problems {name} has; known: {', '.join(problems)}.")
        found.append(PublishedPair(name, problems[name], arm[name][at] / 100, against[name][at] / 100, claim.k, n))
    return found


@dataclass(frozen=True)
class Repeat:
    """One cell, an arm of one model on one benchmark at one k, that two tables print."""

    first: PublishedTable
    second: PublishedTable
    arm: str
    benchmark: str
    k: int
    values: tuple[float, float]
    """Percent."""

    @property
    def apart(self) -> float:
        """How far, in points."""
        return abs(self.values[0] - self.values[1])

    @property
    def one_paper(self) -> bool:
        """Whether one paper prints both."""
        return self.first.source.split(",")[0] == self.second.source.split(",")[0]


def repeats(tables: Sequence[PublishedTable]) -> list[Repeat]:
    """Cells that stand in more than one table, those farthest apart first.

    Args:
        tables: In the order in which pairs of them are named.
    """
    found = [
        Repeat(first, second, arm, name, k, (cells[i], second.rows[arm][name][list(second.ks).index(k)]))
        for at, first in enumerate(tables)
        for second in tables[at + 1 :]
        if first.model == second.model
        for arm, row in first.rows.items()
        if arm in second.rows
        for name, cells in row.items()
        if name in second.rows[arm]
        for i, k in enumerate(first.ks)
        if k in second.ks
    ]
    return sorted(found, key=lambda one: -one.apart)
