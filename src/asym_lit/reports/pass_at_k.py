"""What people look at: tables and figures of pass@k. The estimates are in `evaluation/`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from asym_lit.evaluation.pass_at_k import PassAtKCurve
from asym_lit.reports.escaping import for_terminal

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def pass_at_k_table(title: str, curves: Mapping[str, PassAtKCurve]) -> Table:
    """A table with a row per k and a column per curve, each with its 95 % interval; and the mean reward, where that is graded.

    Args:
        title: Above the table.
        curves: By column title; all over the same ks.
    """
    table = Table(title=for_terminal(title))
    table.add_column("pass@k", justify="right")
    for name, curve in curves.items():
        table.add_column(for_terminal(f"{name}\n{curve.problems} problems x {curve.samples}"), justify="right")
    apart = "  " if len(curves) < 3 else "\n"  # three side by side are wider than 80 columns
    for i, k in enumerate(next(iter(curves.values())).ks):
        table.add_row(str(k), *(for_terminal(f"{c.mean[i]:.3f}{apart}{_bounds(c, i)}") for c in curves.values()))
    if any(curve.reward is not None for curve in curves.values()):
        table.add_section()
        table.add_row("reward", *("" if c.reward is None else f"{c.reward:.3f}" for c in curves.values()))
    doubts = [for_terminal(f"{name}: {undecided_words(curve)}") for name, curve in curves.items() if curve.undecided]
    table.caption = "\n".join([*doubts, *alike_words(list(curves.values()))]) or None
    return table


def alike_words(curves: Sequence[PassAtKCurve]) -> list[str]:
    """Why graded rewards say what pass@k does not: no response of any curve is called correct, or each is."""
    means = {mean for curve in curves for mean in curve.mean}
    rewards = {curve.reward for curve in curves}
    if None in rewards or means not in ({0.0}, {1.0}) or rewards == means:
        return []
    return [
        f"{'No' if means == {0.0} else 'Every'} response counts as correct, whatever its reward. Of a function, those do that "
        "get --verifier.correct_from or more: 1, unless you write another bound."
    ]


def _bounds(curve: PassAtKCurve, i: int) -> str:
    low, high = curve.low[i], curve.high[i]
    return f"[{low:.3f}, {high:.3f}]" if low == low else "[not known]"  # NaN with one problem, or two seeds


def undecided_words(curve: PassAtKCurve) -> str:
    """What undecided responses leave open, at the largest k."""
    left_out = (
        f" {curve.left_out[-1]} problems with fewer than {curve.ks[-1]} verdicts are left out there." if curve.left_out else ""
    )
    return (
        f"{curve.undecided} responses are undecided. Were they all wrong or all right, pass@{curve.ks[-1]} would be "
        f"{curve.if_wrong[-1]:.3f} or {curve.if_right[-1]:.3f}.{left_out}"
    )


def pass_at_k_figure(title: str, curves: Mapping[str, PassAtKCurve]) -> Figure:
    """pass@k against k on a logarithmic axis, with bands of 95 %."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, curve in curves.items():
        (line,) = axes.plot(curve.ks, curve.mean, marker="o", label=name)
        axes.fill_between(curve.ks, curve.low, curve.high, color=line.get_color(), alpha=0.2, linewidth=0)
    axes.set_xscale("log", base=2)
    ks = next(iter(curves.values())).ks
    axes.set_xticks(ks, [str(k) for k in ks])
    axes.set(xlabel="k", ylabel="pass@k", title=title, ylim=(0, 1.02))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    return figure
