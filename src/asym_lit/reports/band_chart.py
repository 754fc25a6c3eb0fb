"""Charts of arms over every budget as inline SVG: both curves, and their difference with what is sure of it.

They follow light, dark and paper by the page's style. Other lines: `charts`; for documents: `every_k_figure`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from asym_lit.evaluation.bands import Band, EveryK
from asym_lit.evaluation.pass_at_k import powers_of_two
from asym_lit.reports.escaping import for_page
from asym_lit.reports.every_k_words import ranges

WIDTH, HEIGHT = 400, 250
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 10, 54
STRIP = 14
"""Height of the bar below a chart that says where a sign is sure."""
POINTS = 200
"""Of a line: more budgets than that are thinned out evenly in log k, or 10,000 of them would make a page of megabytes."""


class Frame:
    """Where numbers lie in a chart: budgets in log k across, values upward."""

    def __init__(self, most: int, bands: Sequence[Band], zero: bool) -> None:
        shown = [value for band in bands for some in (band.mean, band.low, band.high) for value in some if math.isfinite(value)]
        low, high = min([*shown, *([0.0] if zero else [])]), max([*shown, *([0.0] if zero else [])])
        self.most = most
        self.ticks = _round_ticks(low, high)
        self.low, self.high = min(low, self.ticks[0]), max(high, self.ticks[-1])

    def x(self, k: float) -> float:
        """Of a budget; a single one lies in the middle."""
        share = math.log(k) / math.log(self.most) if self.most > 1 else 0.5
        return LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Of a value."""
        return TOP + (self.high - value) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)


def curves_chart(found: EveryK) -> str:
    """pass@k of the arm and, dashed, of its reference."""
    frame = Frame(found.difference.ks[-1], [found.reference_curve, found.arm_curve], zero=False)
    lines = [_line(found.reference_curve, frame, "base"), _line(found.arm_curve, frame, "mine")]
    key = _key(("dash base", found.reference), ("dash mine", found.arm))
    return _svg(f"pass@k of {found.arm} and of {found.reference}", frame, lines) + key


def difference_chart(found: EveryK) -> str:
    """The difference with its band, where the loss may begin, and a bar that says where a sign is sure."""
    band = found.difference
    frame = Frame(band.ks[-1], [band], zero=True)
    parts = []
    if band.first_loss:
        left, right = frame.x(band.first_loss[0]), frame.x(band.first_loss[-1])
        span = max(right - left, 2.0)
        parts.append(f'<rect class="open" x="{left:.1f}" y="{TOP}" width="{span:.1f}" height="{HEIGHT - TOP - BOTTOM}"/>')
    parts.append(f'<path class="zero" d="M{LEFT} {frame.y(0):.1f}H{WIDTH - RIGHT}"/>')
    parts.append(_line(band, frame, "mine"))
    for ks, name, sign in ((band.gain, "sure-gain", "+"), (band.loss, "sure-loss", "\N{MINUS SIGN}")):
        parts += [_sure(first, last, frame, name, sign) for first, last in _runs(ks)]
    words = [("dash mine", f"{found.arm} less {found.reference}")]
    if band.gain:
        words.append(("box sure-gain", f"+ gain sure: k = {ranges(band.gain)}"))
    if band.loss:
        words.append(("box sure-loss", f"\N{MINUS SIGN} loss sure: k = {ranges(band.loss)}"))
    if band.first_loss:
        words.append(("box open", f"a loss may begin: k = {ranges(band.first_loss)}"))
    return _svg(f"pass@k of {found.arm} less pass@k of {found.reference}", frame, parts) + _key(*words)


def _svg(title: str, frame: Frame, parts: Sequence[str]) -> str:
    shown = for_page(title)
    lines = [f'<svg class="band-chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{shown}"><title>{shown}</title>']
    digits = max(0, -math.floor(math.log10(frame.ticks[1] - frame.ticks[0]) + 1e-9))
    for tick in frame.ticks:
        y, words = frame.y(tick), f"{tick:.{digits}f}".replace("-", "\N{MINUS SIGN}")
        lines.append(f'<path class="axis" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        lines.append(f'<text x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{words}</text>')
    ticks = powers_of_two(frame.most)
    for k in ticks[:: -(-len(ticks) // 8)]:
        lines.append(f'<text x="{frame.x(k):.1f}" y="{HEIGHT - BOTTOM + STRIP + 17}" text-anchor="middle">{k}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    lines.append(f'<text x="{middle}" y="{HEIGHT - 5}" text-anchor="middle">k, responses allowed to a problem</text>')
    return "".join([*lines, *parts, "</svg>"])


def _line(band: Band, frame: Frame, style: str) -> str:
    ks = _thinned(band.ks)
    points = [(frame.x(k), frame.y(float(band.mean[k - 1]))) for k in ks]
    edges = [(k, float(band.low[k - 1]), float(band.high[k - 1])) for k in ks if math.isfinite(band.low[k - 1])]
    if len(points) == 1:
        (x, y), bounds = points[0], [f"M{frame.x(k):.1f} {frame.y(low):.1f}V{frame.y(high):.1f}" for k, low, high in edges]
        dot = f'<circle class="dot {style}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
        return f'<path class="line {style}" d="{"".join(bounds)}"/>{dot}'
    around = [(k, high) for k, _, high in edges] + [(k, low) for k, low, _ in reversed(edges)]
    outline = " ".join(f"{frame.x(k):.1f},{frame.y(value):.1f}" for k, value in around)
    shade = f'<polygon class="band {style}" points="{outline}"/>' if around else ""
    return shade + f'<polyline class="line {style}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def _sure(first: int, last: int, frame: Frame, name: str, sign: str) -> str:
    left, right = frame.x(max(first - 0.5, 1)), frame.x(min(last + 0.5, frame.most))
    left, right = (left, right) if right - left >= 4 else (left - 2, left + 2)
    y = HEIGHT - BOTTOM + 2
    word = f'<text class="sign" x="{(left + right) / 2:.1f}" y="{y + STRIP - 3}" text-anchor="middle">{sign}</text>'
    bar = f'<rect class="{name}" x="{left:.1f}" y="{y}" width="{right - left:.1f}" height="{STRIP}" rx="3"/>'
    return bar + (word if right - left > 10 else "")


def _key(*words: tuple[str, str]) -> str:
    named = (f'<span><i class="{look}"></i>{for_page(text)}</span>' for look, text in words)
    return f'<div class="key">{"".join(named)}</div>'


def _runs(ks: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of each run of neighbours."""
    starts = [k for i, k in enumerate(ks) if not i or ks[i - 1] != k - 1]
    ends = [k for i, k in enumerate(ks) if i == len(ks) - 1 or ks[i + 1] != k + 1]
    return list(zip(starts, ends, strict=True))


def _thinned(ks: Sequence[int]) -> list[int]:
    if len(ks) <= POINTS:
        return list(ks)
    return sorted({round(ks[-1] ** (i / (POINTS - 1))) for i in range(POINTS)})


def _round_ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers that hold both ends."""
    width = max(high - low, 1e-3) / 4
    unit = 10 ** math.floor(math.log10(width))
    step = next(unit * m for m in (1, 2, 5, 10) if unit * m >= width * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [i * step for i in range(first, max(last, first + 1) + 1)]
