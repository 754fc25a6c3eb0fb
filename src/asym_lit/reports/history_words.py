"""A history's ledger in words and rows. Numbers: `evaluation.histories`."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan

from asym_lit.evaluation.histories import Course, HistoryLedger, ProblemCourse

WORDS = {
    Course.LEARNED: "right more and more often",
    Course.LOST: "right less and less often",
    Course.SWINGS: "no trend, but varies more than luck",
    Course.STEADY: "looks like one chance throughout",
}
METHOD = (
    "Learned and lost: Mann's and Kendall's rank test of a problem's shares against time. Swings: no such trend, but Pearson's "
    "statistic of its visits is larger than responses of one chance make it, given how many were right in all. Both tests are "
    "corrected over all problems (false discovery rate). By luck: the same tests and thresholds, on each problem's responses "
    "dealt out to its visits anew. A slow wave may pass for a trend. What is called steady "
    "is not shown to move, which is less than shown to stay.",
    "std is the standard deviation of accuracy over visits, by which Wang et al. (arXiv 2504.20571) rank problems for one-shot "
    "training. Responses of one chance p make it sqrt(p (1 - p) / n) by themselves; std beyond luck has that taken out.",
)


def course_rows(found: HistoryLedger) -> Iterator[list[str]]:
    """Problems by course, with what luck alone would make."""
    yield ["course", "problems", "by luck alone", "first quarter", "last quarter", "what it means"]
    for one in Course:
        members = [problem for problem in found.problems if problem.course == one]
        ends = [_mean([p.first for p in members]), _mean([p.last for p in members])]
        yield [str(one), str(len(members)), f"{found.by_luck[one]:.1f}", *ends, WORDS[one]]


def problem_rows(found: HistoryLedger, top: int) -> Iterator[list[str]]:
    """The ranking for one-shot training.

    Args:
        found: The ledger.
        top: How many.
    """
    yield ["rank", "problem", "std", "std beyond luck", "mean", "first quarter", "last quarter", "visits", "course"]
    for rank, one in enumerate(found.ranking[:top], start=1):
        shares = [f"{value:.3f}" for value in (one.std, one.std_beyond_luck, one.mean, one.first, one.last)]
        yield [str(rank), one.uid, *shares, str(len(one.samples)), str(one.course)]


def history_sentences(found: HistoryLedger) -> list[str]:
    """What the ledger says, each with what luck would do."""
    problems, visits = found.problems, [len(one.samples) for one in found.problems]
    n = sorted({count for one in problems for count in one.samples})
    said = [
        f"{len(problems)} problems, {_between(visits)} visits of {_between(n)} responses each; right at every visit: "
        f"{sum(one.mean == 1 for one in problems)}, never right: {sum(one.mean == 0 for one in problems)}.",
        *(_against_luck(found, one) for one in (Course.LEARNED, Course.LOST, Course.SWINGS)),
    ]
    return [*said, _choice(found)]


def _against_luck(found: HistoryLedger, course: Course) -> str:
    count, luck = found.counts[course], found.by_luck[course]
    words = f"{str(course).capitalize()}: {count}; luck alone makes {luck:.1f}"
    if not found.beyond_luck(course):
        return f"{words}, so none is shown to be more than luck."
    return f"{words}, so about {count - luck:.0f} are more than luck."


def _choice(found: HistoryLedger) -> str:
    first = found.ranking[0]
    luck = "" if isnan(first.std_beyond_luck) else f", {first.std_beyond_luck:.3f} beyond luck"
    return (
        f"For training on one problem, by standard deviation of accuracy: {first.uid} ({first.std:.3f}{luck}; "
        f"{first.first:.0%} right in the first quarter of its visits, {first.last:.0%} in the last)."
    )


def visits_line(one: ProblemCourse) -> str:
    """Its shares as points of a polyline, 100 wide and 20 high."""
    last = max(len(one.samples) - 1, 1)
    return " ".join(f"{100 * i / last:.1f},{20 - 20 * share:.1f}" for i, share in enumerate(one.shares))


def _mean(values: list[float]) -> str:
    return f"{sum(values) / len(values):.3f}" if values else "-"


def _between(values: list[int]) -> str:
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low} to {high}"
