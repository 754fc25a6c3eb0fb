"""Sentences and rows of a comparison of counts, for its page, its text and what is pasted elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asym_lit.evaluation.arm_results import Gap
from asym_lit.evaluation.bands import EveryK
from asym_lit.evaluation.count_measures import CountMeasures
from asym_lit.evaluation.counted import CountComparison
from asym_lit.reports.comparison_words import gap_words, least_words

METHODS = (
    "pass@k is the unbiased estimate per problem, 1 - C(n - c, k) / C(n, k), averaged over seeds, then over problems. "
    "Differences are paired by problem.",
)
BRACKETS = "In brackets the band over every k; bold where the sign is sure."
ALONE = (
    "For a k that was chosen before looking: Student's interval, and p corrected over all budgets and arms; bold: below 0.05. "
    "Least shown: the true difference with which p, uncorrected, falls below 0.05 in 80 % of such studies."
)
ALL_RIGHT = (
    "pass^k is the chance that all of k responses are right, C(c, k) / C(n, k): how far answers can be relied on. "
    "Differences are paired by problem, with 95 % intervals at one budget alone; bold: corrected p below 0.05."
)
COVER = (
    "Cover@tau is the share of problems solved with a chance of at least tau, the mean over seeds. Plug-in: problems with a "
    "share of at least tau among their responses, which errs to either side. Expected: under a uniform prior, with its 95 % "
    "interval. Bounds: hold with 95 % whatever the chances of problems are."
)
RANKS = (
    "Each pair of arms is tested, with p-values corrected by Holm; a rank's interval leaves out the places of arms that are "
    "better or poorer for sure. All intervals of a budget hold together with 95 %."
)


def bands_of(found: CountComparison) -> list[tuple[EveryK, list[Gap]]]:
    """Every arm but the baseline: over every k, and at single budgets."""
    return [(result.to_baseline, result.gaps) for result in found.arms if result.to_baseline]


def least_lines(found: CountComparison) -> list[str]:
    """What the study could have shown, an arm a line."""
    return [least_words(result.arm.name, found.baseline, result.gaps) for result in found.arms if result.gaps]


def alone_rows(gaps: Sequence[Gap]) -> Iterator[list[str]]:
    """The difference at each budget of the tables, as if it were the only one."""
    yield ["k", "difference", "corrected p", "least shown"]
    for gap in gaps:
        known = gap.p_adjusted == gap.p_adjusted and gap.least == gap.least  # NaN differs from itself
        p = "< 0.001" if gap.p_adjusted < 0.001 else f"{gap.p_adjusted:.3f}"
        yield [str(gap.k), gap_words(gap), *([p, f"{gap.least:.3f}"] if known else ["-", "-"])]


def all_right_rows(found: CountMeasures) -> Iterator[list[str]]:
    """pass^k by arm, with the difference from the baseline where there is one."""
    yield ["arm", "k", "pass^k", "less the baseline's"]
    for one in found.arms:
        for i, k in enumerate(found.trials):
            gap = gap_words(one.all_right_gaps[i]) if one.all_right_gaps else "-"
            yield [one.arm, str(k), f"{one.all_right[k]:.3f}", gap]


def cover_rows(found: CountMeasures) -> Iterator[list[str]]:
    """Cover@tau of each arm from three sides."""
    yield ["arm", "tau", "plug-in", "expected", "bounds"]
    for tau in found.taus:
        for one in found.arms:
            cover = one.covers[tau]
            expected = f"{cover.posterior:.3f} [{cover.low:.3f}, {cover.high:.3f}]"
            yield [one.arm, f"{tau:g}", f"{cover.plug_in:.3f}", expected, f"{cover.sure:.3f} to {cover.possible:.3f}"]


def rank_rows(found: CountMeasures) -> Iterator[list[str]]:
    """Ranks at the smallest and the largest budget, with their joint intervals."""
    ks = list(found.ranks)
    yield ["arm", *(cell for k in ks for cell in (f"pass@{k}", f"rank at pass@{k}"))]
    by_k = [{one.arm: one for one in some} for some in found.ranks.values()]
    for name in by_k[0]:
        row = [name]
        for some in by_k:
            one = some[name]
            row += [f"{one.mean:.3f}", f"{one.rank} [{one.best} to {one.worst}]" if one.best < one.worst else f"**{one.rank}**"]
        yield row


def source_rows(found: CountComparison, measures: CountMeasures) -> Iterator[list[str]]:
    """By source and arm: pass@k at the smallest and the largest budget, and pass^k at its largest."""
    first, last = found.ks[0], found.ks[-1]
    ends = [(0, first)] if first == last else [(0, first), (-1, last)]
    yield ["source (problems)", "arm", *(f"pass@{k}" for _, k in ends), f"pass^{measures.trials[-1]}"]
    for source, count in found.sources.items():
        for result, one in zip(found.arms, measures.arms, strict=True):
            numbers = [*(result.by_source[source][i] for i, _ in ends), one.all_right_by_source[source][-1]]
            yield [f"{source} ({count})", result.arm.name, *(f"{number:.3f}" for number in numbers)]


def origin_rows(found: CountComparison) -> Iterator[list[str]]:
    """Where each arm was read from, and what it lacks."""
    yield ["arm", "seeds", "from", "problems it lacks"]
    for result in found.arms:
        name = result.arm.name
        lacks = sum(len(ids) for of, ids in found.missing.items() if of == name or of.startswith(f"{name}, seed "))
        yield [name, str(len(result.arm.by_seed)), result.arm.origin, str(lacks)]
