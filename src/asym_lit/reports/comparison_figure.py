"""The pictures of a comparison, for documents: pass@k of all arms, first answers against breadth, training over its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asym_lit.evaluation.arm_results import SMOOTHED
from asym_lit.evaluation.run_comparison import RunComparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACCENT, SOFT, FAINT = "#2563cd", "#5d6778", "#c9ced6"
COLOURS = (
    "#1f77b4",
    "#e4670b",
    "#2c9440",
    "#c81d25",
    "#8a5bbf",
    "#7a4a3a",
    "#d957a8",
    "#6f7680",
    "#9a9a10",
    "#12a5b8",
    "#1a1a1a",
    "#16246b",
)
MARKS = "osD^vPX<>*hp"
DASHES = ("-", "--", ":", "-.")


@dataclass(frozen=True)
class Look:
    """How an arm is drawn. Arms of one method share a colour: `grpo`, `grpo-half_lr`."""

    method: str
    colour: str
    mark: str
    variant: int
    """0 for the first arm of its method."""


def looks(arms: Sequence[str]) -> dict[str, Look]:
    """Looks by arm. What stands before the first hyphen is the method, unless that would make one method of all.

    Args:
        arms: Names, in the order of the report.
    """
    methods = {arm: arm.split("-")[0] for arm in arms}
    if len(set(methods.values())) == 1:
        methods = {arm: arm for arm in arms}
    order = list(dict.fromkeys(methods.values()))
    found: dict[str, Look] = {}
    for arm in arms:
        i = order.index(methods[arm])
        variant = sum(look.method == methods[arm] for look in found.values())
        found[arm] = Look(methods[arm], COLOURS[i % len(COLOURS)], MARKS[(i + variant) % len(MARKS)], variant)
    return found


def comparison_figure(found: RunComparison) -> Figure:
    """A panel per arm: itself with its 95 % band, the base policy dashed, the other arms faint.

    Args:
        found: What to draw.
    """
    figure, panels = _panels(len(found.arms), (3.1, 2.5), shared=True)
    for panel, arm in zip(panels, found.arms, strict=True):
        for other in found.arms:
            if other is not arm:
                panel.plot(found.ks, other.after.mean, color=FAINT, linewidth=0.9, label="other arms")
        panel.plot(found.ks, arm.before.mean, color=SOFT, linestyle="--", linewidth=1.3, label="base policy")
        panel.fill_between(found.ks, arm.after.low, arm.after.high, color=ACCENT, alpha=0.18, linewidth=0)
        # A curve on the axis is still to be seen.
        panel.plot(
            found.ks, arm.after.mean, color=ACCENT, linewidth=2, label="this arm, with its 95 % band", clip_on=False, zorder=3
        )
        panel.set_xscale("log", base=2)
        panel.set_xticks(found.ks[::2], [str(k) for k in found.ks[::2]])
        panel.set_ylim(0, 1)
        _dress(panel, arm.name)
    columns = _columns(len(panels))
    for panel in panels[-columns:]:  # also above an empty place
        panel.tick_params(labelbottom=True)
        panel.set_xlabel("k", fontsize=8)
    for panel in panels[::columns]:
        panel.set_ylabel("pass@k", fontsize=8)
    _key(figure, panels)
    return figure


def trade_off_figure(found: RunComparison) -> Figure:
    """What every arm won in first answers and what it won or lost in breadth, against the base policy, with 95 % intervals.

    Arms of one method are joined; its first is filled, the others are hollow. The key is in the order of breadth.

    Args:
        found: What to draw.
    """
    from matplotlib.figure import Figure

    looked = looks([arm.name for arm in found.arms])
    figure = Figure(figsize=(7.6, max(4.4, 0.5 + 0.2 * len(found.arms))), layout="constrained")
    panel = figure.subplots()
    panel.axhline(0, color=SOFT, linewidth=0.8)
    panel.axvline(0, color=SOFT, linewidth=0.8)
    places = {arm.name: (arm.to_base[0].found.mean, arm.to_base[-1].found.mean) for arm in found.arms}
    for method in dict.fromkeys(look.method for look in looked.values()):
        mine = sorted(place for name, place in places.items() if looked[name].method == method)
        if len(mine) > 1:
            colour = next(look.colour for look in looked.values() if look.method == method)
            panel.plot(*zip(*mine, strict=True), color=colour, linewidth=1.2, linestyle=":")
    for arm in sorted(found.arms, key=lambda arm: -places[arm.name][1]):
        look, x, y = looked[arm.name], arm.to_base[0].found, arm.to_base[-1].found
        # A change cannot fall below losing all, though an interval of Student's may: it would squeeze the others together.
        low, high = max(y.low, -arm.before.mean[-1]), min(y.high, 1 - arm.before.mean[-1])
        panel.plot([x.low, x.high], [y.mean, y.mean], color=look.colour, linewidth=0.8, alpha=0.35)
        panel.plot([x.mean, x.mean], [low, high], color=look.colour, linewidth=0.8, alpha=0.35)
        inside = "white" if look.variant else look.colour
        panel.plot(
            *([value] for value in places[arm.name]),
            look.mark,
            markeredgecolor=look.colour,
            markerfacecolor=inside,
            markersize=7,
            label=arm.name,
        )
    _dress(panel, f"{found.evaluation}: change against the base policy")
    panel.set_xlabel(f"pass@{found.ks[0]}: first answers", fontsize=9)
    panel.set_ylabel(f"pass@{found.ks[-1]}: breadth", fontsize=9)
    figure.legend(loc="outside right center", fontsize=8, frameon=False)
    return figure


def training_figure(found: RunComparison) -> Figure:
    """A panel per metric of training, a line per arm: means over seeds, smoothed over steps.

    Args:
        found: What to draw.
    """
    shown = [name for name in found.metrics if any(name in arm.dynamics for arm in found.arms)]
    figure, panels = _panels(max(len(shown), 1), (3.6, 2.6), shared=False)
    looked = looks([arm.name for arm in found.arms])
    for panel, name in zip(panels, shown, strict=False):
        for arm in found.arms:
            if name in arm.dynamics:
                steps, values = arm.smoothed(name)
                look = looked[arm.name]
                dash = DASHES[look.variant % len(DASHES)]
                panel.plot(steps, values, dash, color=look.colour, linewidth=1.4, label=arm.name)
        _dress(panel, found.metrics[name])
        panel.set_xlabel(f"rollout step, mean of {2 * SMOOTHED + 1}", fontsize=8)
    _key(figure, panels)
    return figure


def _key(figure: Figure, panels: Sequence[Axes]) -> None:
    """Each label of any panel once, below."""
    named = {label: handle for panel in panels for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)}
    if named:
        columns = min(6, len(named), max(1, int(figure.get_figwidth() / 2.2)))
        figure.legend(
            named.values(), named.keys(), loc="outside lower center", ncols=columns, fontsize=8, frameon=False, handlelength=3
        )


def _columns(count: int) -> int:
    return min(4, count)


def _panels(count: int, size: tuple[float, float], shared: bool) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    columns = _columns(count)
    rows = -(-count // columns)
    figure = Figure(figsize=(size[0] * columns, size[1] * rows + 0.3), layout="constrained")
    panels = list(figure.subplots(rows, columns, sharex=shared, sharey=shared, squeeze=False).flatten())
    for panel in panels[count:]:
        panel.set_visible(False)
    return figure, panels[:count]


def _dress(panel: Axes, title: str) -> None:
    panel.set_title(title, fontsize=10, loc="left", fontweight="bold")
    panel.grid(alpha=0.25, linewidth=0.6)
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(labelsize=8, length=0)
