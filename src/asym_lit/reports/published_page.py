"""Published tables against what their numbers of problems can show, as markdown. Numbers: `evaluation.published_claims`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from asym_lit.evaluation.published import Assumption, Standing
from asym_lit.evaluation.published_claims import ClaimReading, Repeat

MINUS = "\N{MINUS SIGN}"
OURS = Mapping[tuple[str, str], Mapping[int, tuple[float, float, float]]]
"""By arm and what it is held against: difference, low and high by k, as shares."""


def claim_table(readings: Sequence[ClaimReading], ours: OURS) -> str:
    """A row for each claim: what the table shows, how sure, and what the same arm did here.

    Args:
        readings: In order.
        ours: Our own differences.
    """
    head = [
        *("claim", "published in", "difference", "measured", "opposed", "**so it**"),
        *("benchmarks that show it alone, under: all / some / none / against", "here"),
    ]
    return table([head, *(_row(one, ours) for one in readings)], right=(2, 3, 4))


def _row(one: ClaimReading, ours: OURS) -> list[str]:
    claim = one.claim
    sign = ">" if claim.above else "<"
    alone = Counter(one.alone)
    counts = " / ".join(str(alone[each]) for each in (Standing.STANDS, Standing.DEPENDS, Standing.NOISE, Standing.AGAINST))
    return [
        f"{claim.arm} {sign} {claim.against}, pass@{claim.k}, {claim.table.model}, {_sets(one)}",
        claim.table.source,
        points(one.mean),
        band(one.bands[Assumption.MEASURED]),
        band(one.bands[Assumption.OPPOSED]),
        f"**{_verdict(one)}**",
        counts,
        _here(ours.get((claim.arm, claim.against), {}), claim.k),
    ]


def _sets(one: ClaimReading) -> str:
    names = [pair.benchmark for pair in one.pairs]
    return " and ".join(names) if len(names) < 3 else f"mean of {len(names)} benchmarks"


def _verdict(one: ClaimReading) -> str:
    if one.standing != Standing.DEPENDS:
        return {Standing.STANDS: "stands", Standing.NOISE: "lies within noise", Standing.AGAINST: "has the other sign"}[
            one.standing
        ]
    shown = [str(each) for each, (low, high) in one.bands.items() if (low > 0 if one.claim.above else high < 0)]
    return f"depends: {', '.join(shown)}"


def _here(found: Mapping[int, tuple[float, float, float]], k: int) -> str:
    """Ours at the same k, or at the largest where that is smaller."""
    if not found:
        return "-"
    at = k if k in found else max(found)
    mean, low, high = found[at]
    return f"pass@{at} {points(mean)} {band((low, high))}"


def standing_table(readings: Sequence[ClaimReading]) -> str:
    """How many claims stand, table by table.

    Args:
        readings: Of all claims.
    """
    by: dict[str, Counter[Standing]] = {}
    for one in readings:
        by.setdefault(f"{one.claim.table.source}, {one.claim.table.model}", Counter())[one.standing] += 1
    total = sum(by.values(), Counter())
    order = (Standing.STANDS, Standing.DEPENDS, Standing.NOISE, Standing.AGAINST)
    head = ["claims read off", "stand", "depend on which problems", "within noise", "have the other sign"]
    rows = [[name, *(str(of[each]) for each in order)] for name, of in [*by.items(), ("**all**", total)]]
    return table([head, *rows], right=range(1, 5))


def least_table(least: Mapping[str, Mapping[Assumption, float]], problems: Mapping[str, int]) -> str:
    """The least difference that each benchmark shows under each assumption.

    Args:
        least: By benchmark and assumption, as shares; NaN where nothing is shown.
        problems: M by benchmark.
    """
    head = ["benchmark", "problems", "one problem", *map(str, Assumption)]
    rows = [
        [name, str(problems[name]), f"{100 / problems[name]:.2f}", *(_least(of[one]) for one in Assumption)]
        for name, of in least.items()
    ]
    return table([head, *rows], right=range(1, len(head)))


def _least(share: float) -> str:
    return f"{100 * share:.1f}" if share == share else "cannot"  # NaN differs from itself


def repeat_table(found: Sequence[Repeat], problems: Mapping[str, int], shown: int) -> str:
    """Cells that two tables print.

    Args:
        found: The cells, in order.
        problems: M by benchmark.
        shown: How many.
    """
    head = ["cell", "printed in", "values", "apart", "in problems"]
    rows = [
        [
            f"{one.arm}, {one.benchmark}, pass@{one.k}, {one.first.model}",
            f"{one.first.source}; {one.second.source}",
            f"{one.values[0]:.1f}, {one.values[1]:.1f}",
            f"{one.apart:.1f}",
            f"{one.apart * problems[one.benchmark] / 100:.1f}",
        ]
        for one in found[:shown]
    ]
    return table([head, *rows], right=(2, 3, 4))


def table(rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> str:
    """A markdown table.

    Args:
        rows: Head first.
        right: Columns of numbers.
    """
    head, *rest = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    columns, numbers = head.count(" | ") + 1, set(right)
    return "\n".join([head, "|" + "|".join(" ---: " if i in numbers else " --- " for i in range(columns)) + "|", *rest])


def points(share: float) -> str:
    """A difference in points of percent, signed."""
    return f"{100 * share:+.1f}".replace("-", MINUS)


def band(ends: tuple[float, float]) -> str:
    """An interval in points."""
    return f"[{points(ends[0])}, {points(ends[1])}]"
