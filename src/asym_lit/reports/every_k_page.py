"""The part of a page that shows arms over every budget: charts that follow light and dark, and what is sure."""

from __future__ import annotations

from collections.abc import Sequence

from asym_lit.evaluation.bands import Band, EveryK
from asym_lit.evaluation.pass_at_k import powers_of_two
from asym_lit.reports.charts import Series, line_chart
from asym_lit.reports.escaping import for_page
from asym_lit.reports.every_k_words import EVERY_K, every_k_sentence


def every_k_section(found: Sequence[EveryK], curves: bool = True, sentences: bool = True) -> list[str]:
    """Heading, hint and a card per arm.

    Args:
        found: Arms, each with its reference.
        curves: Show pass@k of both beside the difference.
        sentences: Say what is sure above each card.
    """
    lines = ["<h2>Over every k</h2>", f'<p class="hint">{for_page(EVERY_K)}</p>']
    for one in found:
        cards = [_card(f"{one.arm} less {one.reference}", [_zero(one.difference), _series(one.arm, one.difference, "mine")])]
        if curves:
            both = [_series(one.reference, one.reference_curve, "base"), _series(one.arm, one.arm_curve, "mine")]
            cards.insert(0, _card(f"{one.arm}, and {one.reference} in dashes", both, (0.0, 1.0)))
        lines += [f"<p>{for_page(every_k_sentence(one))}</p>"] if sentences else []
        lines.append(f'<div class="grid">{"".join(cards)}</div>')
    return lines


def _card(title: str, series: Sequence[Series], y_range: tuple[float, float] | None = None) -> str:
    ticks = powers_of_two(int(series[0].x[-1]))
    chart = line_chart(series, ticks if len(ticks) < 8 else ticks[::2], y_range, log_x=True)
    return f'<div class="card"><h3>{for_page(title)}</h3>{chart}</div>'


def _series(name: str, band: Band, style: str) -> Series:
    return Series(name, band.ks, band.mean.tolist(), band.low.tolist(), band.high.tolist(), style)


def _zero(band: Band) -> Series:
    return Series("no difference", [1, band.ks[-1]], [0.0, 0.0], style="base")
