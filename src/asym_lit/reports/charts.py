"""Small line charts as inline SVG, coloured by the page's style, so that they follow light and dark.

For documents: `comparison_figure`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from asym_lit.reports.escaping import for_page

WIDTH, HEIGHT = 320, 200
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 8, 22


@dataclass(frozen=True, slots=True)
class Series:
    """One line, with a band if it has bounds."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    style: str = ""
    """`mine` for the accent, `base` for dashes; empty for faint."""


def line_chart(
    series: Sequence[Series],
    x_ticks: Sequence[float],
    y_range: tuple[float, float] | None = None,
    log_x: bool = False,
) -> str:
    """An SVG with all lines; later ones lie above.

    Args:
        series: Lines; points that are not finite are left out.
        x_ticks: Where the x axis is named.
        y_range: Ends of the y axis; None for those of the data.
        log_x: Logarithmic x axis.
    """
    bottom, top = y_range or _range(series)
    xs = [value for one in series for value in one.x] or [0.0, 1.0]
    ends = (_place(min(xs), log_x), _place(max(xs), log_x))

    def at(x: float, y: float) -> str:
        across = (_place(x, log_x) - ends[0]) / ((ends[1] - ends[0]) or 1)
        up = (min(max(y, bottom), top) - bottom) / ((top - bottom) or 1)
        return f"{LEFT + across * (WIDTH - LEFT - RIGHT):.1f},{HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM):.1f}"

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">']
    for i in range(5):
        value = bottom + (top - bottom) * i / 4
        x, y = at(min(xs), value).split(",")
        parts.append(f'<path class="axis" d="M{x} {y}H{WIDTH - RIGHT}"/>')
        if i % 2 == 0:
            parts.append(f'<text x="{LEFT - 5}" y="{float(y) + 4:.0f}" text-anchor="end">{_number(value, top - bottom)}</text>')
    for tick in x_ticks:
        x = at(tick, bottom).split(",")[0]
        anchor = "end" if tick == max(xs) and len(_number(tick, 1)) > 2 else "middle"
        parts.append(f'<text x="{x}" y="{HEIGHT - 6}" text-anchor="{anchor}">{_number(tick, max(xs))}</text>')
    for one in series:
        points = [(x, y) for x, y in zip(one.x, one.y, strict=True) if math.isfinite(y)]
        label = f'class="{{}} {one.style}" data-arm="{for_page(one.name)}"'
        bounds = [(x, lo, hi) for x, lo, hi in zip(one.x, one.low, one.high, strict=False) if math.isfinite(lo + hi)]
        if bounds:
            edge = [at(x, hi) for x, _, hi in bounds] + [at(x, lo) for x, lo, _ in reversed(bounds)]
            parts.append(f'<polygon {label.format("band")} points="{" ".join(edge)}"/>')
        line = " ".join(at(x, y) for x, y in points)
        parts.append(f'<polyline {label.format("line")} points="{line}"><title>{for_page(one.name)}</title></polyline>')
    return "".join([*parts, "</svg>"])


def step_ticks(series: Sequence[Series], count: int = 4) -> list[float]:
    """Even steps from the first to the last, as round as they come."""
    xs = [value for one in series for value in one.x]
    if not xs or min(xs) == max(xs):
        return sorted(set(xs))
    width = (max(xs) - min(xs)) / count
    unit = 10 ** math.floor(math.log10(width))
    step = next(unit * m for m in (1, 2, 2.5, 5, 10) if unit * m >= width)
    return [i * step for i in range(math.ceil(min(xs) / step), int(max(xs) / step) + 1)]


def _place(x: float, log_x: bool) -> float:
    return math.log2(x) if log_x else x


def _range(series: Sequence[Series]) -> tuple[float, float]:
    values = [y for one in series for y in [*one.y, *one.low, *one.high] if math.isfinite(y)]
    if not values:
        return 0.0, 1.0
    margin = (max(values) - min(values)) * 0.06 or abs(max(values)) * 0.1 or 0.5
    return min(values) - margin, max(values) + margin


def _number(value: float, scale: float) -> str:
    if abs(value) >= 10_000:
        return f"{value / 1000:.0f}k"
    if scale >= 20 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if scale >= 1 else f"{value:.2f}"
