"""The picture of a plan of studies: power over the number of problems, a panel for each number of seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asym_lit.evaluation.plans import Plan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#9bbcf0", "#5d93e3", "#2563cd", "#163c7d", "#0b1f42")


def power_figure(plan: Plan) -> Figure:
    """A line for each number of responses; dashes where the plan wants to be.

    Args:
        plan: What to draw.
    """
    from matplotlib.figure import Figure

    seeds = list(dict.fromkeys(s for _, s in plan.curves))
    responses = list(dict.fromkeys(n for n, _ in plan.curves))
    figure = Figure(figsize=(3.6 * len(seeds), 3.4), layout="constrained")
    for panel, s in zip(figure.subplots(1, len(seeds), squeeze=False, sharey=True)[0], seeds, strict=True):
        for i, n in enumerate(responses):
            panel.plot(plan.problems, plan.curves[n, s], color=COLOURS[i % len(COLOURS)], linewidth=1.8, label=f"{n} responses")
        panel.axhline(plan.power, color="#5d6778", linewidth=0.8, linestyle="--")
        panel.set_xscale("log", base=2)
        ticks = plan.problems[::4]
        panel.set_xticks(ticks, [str(p) for p in ticks])
        panel.set_ylim(0, 1.02)
        panel.set_xlabel("problems", fontsize=8)
        panel.set_title(f"{s} seed{'s' if s > 1 else ''} an arm", fontsize=10, loc="left", fontweight="bold")
        panel.grid(alpha=0.25, linewidth=0.6)
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=8, length=0)
    figure.axes[0].set_ylabel(f"chance to show {plan.difference:+.3f} at pass@{plan.k}", fontsize=8)
    figure.axes[0].legend(loc="best", fontsize=8, frameon=False)
    return figure
