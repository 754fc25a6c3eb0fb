"""The tables and sentences of a comparison, for its page and its text. Pictures: `comparison_figure`, `charts`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asym_lit.evaluation.arm_results import WINDOW, ArmResult, Gap
from asym_lit.evaluation.problem_changes import Fate
from asym_lit.evaluation.run_comparison import RunComparison

TOO_FEW = "too few seeds: cannot say"
"""In the place of an interval."""
METHODS = (
    "pass@k is the unbiased estimate per problem, averaged over problems, then over seeds. Before is the first evaluation of "
    "each run, after is its last.",
    "Differences are paired by problem. Their variance is that of the means of training seeds, which holds the noise of "
    "sampling, plus what problems vary beyond it; intervals and p-values are Student's with Welch's degrees of freedom, with "
    "fewer of them where seeds are few, and with Satterthwaite's where one arm's seeds alone vary, as against the base policy. "
    "With one seed an arm they are about those trained policies, not about the methods; with two there are none.",
    "p-values are corrected over all arms and all k of a table together. Intervals are not.",
    f"Over training: means over the first and over the last {WINDOW} steps, then over seeds; in brackets the lowest and the "
    "highest seed at the end.",
    "A problem is solved if at least one of its responses is right: the more responses, the easier that is.",
)


def signed(value: float) -> str:
    """With three decimals, a true minus and a plus."""
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def bounds_words(low: float, high: float) -> str:
    """Both bounds of a difference; those of a single problem are NaN, and no number."""
    return "not known" if low != low or high != high else f"{signed(low)}, {signed(high)}"


def head_line(found: RunComparison) -> str:
    """The finding in one or two sentences."""
    by_verdict: dict[str, list[str]] = {}
    for arm in found.arms:
        by_verdict.setdefault(arm.verdict(), []).append(arm.name)
    parts = [f"{', '.join(names)}: {verdict}" for verdict, names in sorted(by_verdict.items(), key=lambda item: -len(item[1]))]
    dead = sum(not run.whole for arm in found.arms for run in arm.runs)
    unfinished = f" Runs that did not end: {dead}; they count as far as they came." if dead else ""
    return "; ".join(parts) + "." + unfinished


def overview_rows(found: RunComparison) -> Iterator[list[str]]:
    """Arms by what they did to the first answers and to the set of answers."""
    first, last = found.ks[0], found.ks[-1]
    most = max(k for k in found.ks if k <= max(8, first))
    yield [
        "arm",
        "against the base policy",
        f"pass@{first}",
        "change",
        f"pass@{last}",
        "change",
        "area",
        f"all of {most} right",
    ]
    for arm in found.arms:
        yield [
            arm.name + (" †" if any(not run.whole for run in arm.runs) else ""),
            arm.verdict(),
            _moved(arm.before.mean[0], arm.after.mean[0]),
            gap_words(arm.to_base[0]),
            _moved(arm.before.mean[-1], arm.after.mean[-1]),
            gap_words(arm.to_base[-1]),
            _moved(arm.before.area, arm.after.area),
            _moved(*arm.all_right),
        ]


def _moved(before: float, after: float) -> str:
    return f"{before:.3f} → {after:.3f}"


def gap_words(gap: Gap) -> str:
    """A difference with its interval; bold if it is significant."""
    bounds = TOO_FEW if gap.found.few_seeds else bounds_words(gap.found.low, gap.found.high)
    text = f"{signed(gap.found.mean)} [{bounds}]"
    return f"**{text}**" if gap.significant() else text


def least_words(name: str, reference: str, gaps: Sequence[Gap]) -> str:
    """The least differences that the study could have shown, at the smallest and the largest budget."""
    ends = [gaps[0]] if len(gaps) == 1 else [gaps[0], gaps[-1]]
    known = [f"{gap.least:.3f} at pass@{gap.k}" for gap in ends if gap.least == gap.least]  # NaN differs from itself
    if not known:
        return f"{name} against {reference}: what this study could have shown cannot be said."
    return (
        f"{name} against {reference}: such a study shows, in 80 % of cases, a true difference of {', '.join(known)} or more. "
        "Smaller ones may be there unseen."
    )


def least_lines(found: RunComparison) -> list[str]:
    """Likewise for every arm: against the base policy, then against the baseline."""
    to_base = [least_words(arm.name, "the base policy", arm.to_base) for arm in found.arms]
    return to_base + [least_words(arm.name, found.baseline, arm.to_baseline) for arm in found.arms if arm.to_baseline]


def cost_rows(found: RunComparison) -> Iterator[list[str]]:
    """What a run of each arm cost, training only, mean over seeds."""
    yield ["arm", "minutes", "seconds of the median step", "tokens generated", "tokens a second"]
    for arm in found.arms:
        cost = arm.cost
        numbers = [f"{cost['seconds'] / 60:.1f}", f"{cost['seconds_per_step']:.2f}", f"{cost['tokens'] / 1e6:.2f} M"]
        yield [arm.name, *numbers, f"{cost['tokens_per_second']:,.0f}"]


def run_rows(found: RunComparison) -> Iterator[list[str]]:
    """Every run: how far it came and from which code."""
    yield ["run", "seed", "steps", "state", "code"]
    for arm in found.arms:
        for run in arm.runs:
            mark = "" if run.whole else " †"
            git, versions = run.facts.get("git") or {}, run.facts.get("versions") or {}
            code = " ".join(filter(None, [(git.get("commit") or "")[:10], "with changes" if git.get("changed") else ""]))
            packages = ", ".join(
                f"{name} {versions[name]}" for name in ("asym_lit", "torch", "transformers") if name in versions
            )
            state = [run.state + mark, "; ".join(filter(None, [code, packages]))]
            yield [run.name, str(run.seed), f"{run.reached} of {run.planned}", *state]


def problem_rows(found: RunComparison) -> Iterator[list[str]]:
    """What became of the problems, per seed."""
    yield ["arm", *(str(one) for one in Fate), "lost or widened by luck", "rare answers kept"]
    for arm in found.arms:
        total, runs = arm.fates, len(arm.changes)
        counts = [f"{total.counts[one] / runs:.1f}" for one in Fate]
        kept = f"{total.rare_kept / total.rare:.0%} (by luck {total.rare_kept_by_luck:.0%})" if total.rare else "-"
        yield [arm.name, *counts, f"{total.by_luck / runs:.1f}", kept]


def dynamics_rows(found: RunComparison) -> Iterator[list[str]]:
    """Metrics of training over the first and the last steps, mean over seeds, with the lowest and highest seed at the end."""
    shown = {name: words for name, words in found.metrics.items() if any(name in arm.ends for arm in found.arms)}
    yield ["arm", *shown.values()]
    for arm in found.arms:
        yield [arm.name, *(_first_to_last(arm, name) if name in arm.ends else "-" for name in shown)]


def _first_to_last(arm: ArmResult, metric: str) -> str:
    (first, last), by_seed = arm.first_and_last(metric), arm.ends[metric][1]
    spread = f" ({min(by_seed):.3f} … {max(by_seed):.3f})" if len(by_seed) > 1 else ""
    return f"{first:.3f} → {last:.3f}{spread}"


def gap_rows(found: RunComparison, against_base: bool) -> Iterator[list[str]]:
    """Differences by k."""
    yield ["arm", *(f"pass@{k}" for k in found.ks)]
    for arm in found.arms:
        gaps = arm.to_base if against_base else arm.to_baseline
        if gaps:
            yield [arm.name, *map(gap_words, gaps)]
