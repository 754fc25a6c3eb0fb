"""The part of a page that shows arms over every budget: charts that follow light and dark, and what is sure."""

from __future__ import annotations

from collections.abc import Sequence

from asym_lit.evaluation.bands import EveryK
from asym_lit.reports.band_chart import curves_chart, difference_chart
from asym_lit.reports.escaping import for_page
from asym_lit.reports.every_k_words import EVERY_K, every_k_sentence


def every_k_section(found: Sequence[EveryK], curves: bool = True, sentences: bool = True) -> list[str]:
    """Heading, hint and a card per arm.

    Args:
        found: Arms, each with its reference.
        curves: Show pass@k of both beside the difference.
        sentences: Say what is sure above each card.
    """
    lines = ["<h2>Over every k</h2>"]
    for one in found:
        cards = [_card(f"pass@k: {one.arm} less {one.reference}, 95 % band", difference_chart(one))]
        if curves:
            cards.insert(0, _card(f"pass@k: {one.arm}, and {one.reference} in dashes", curves_chart(one)))
        lines += [f"<p>{for_page(every_k_sentence(one))}</p>"] if sentences else []
        lines.append(f'<div class="grid wide">{"".join(cards)}</div>')
    return [*lines, f'<p class="hint">{for_page(EVERY_K)}</p>']


def _card(title: str, chart: str) -> str:
    return f'<div class="card"><h3>{for_page(title)}</h3>{chart}</div>'
