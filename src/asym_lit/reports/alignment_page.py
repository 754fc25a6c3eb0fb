"""The alignment probe as a page that needs nothing else. Its sentences are in `alignment_words`."""

from __future__ import annotations

from collections.abc import Sequence

from asym_lit.evaluation.alignment import BINS, Alignment, Thresholds
from asym_lit.reports.alignment_words import (
    EVIDENCE,
    SOURCE,
    continuation_rows,
    curve_rows,
    expectation_rows,
    headline,
    threshold_words,
)
from asym_lit.reports.charts import Series, line_chart
from asym_lit.reports.comparison_page import table
from asym_lit.reports.escaping import for_page
from asym_lit.reports.ledger_page import page


def alignment_page(found: Sequence[Alignment], thresholds: Thresholds, facts: dict[str, str]) -> str:
    """The whole page.

    Args:
        found: By task.
        thresholds: Of the labels.
        facts: What was probed, in words.
    """
    body = [
        "<h1>Alignment probe</h1>",
        "<dl>" + "".join(f"<div><dt>{for_page(k)}</dt><dd>{for_page(v)}</dd></div>" for k, v in facts.items()) + "</dl>",
        *(f'<p class="lead">{for_page(headline(one, thresholds))}</p>' for one in found),
        f'<p class="hint">{for_page(threshold_words(thresholds))}</p>',
        "<h2>What to expect of training</h2>",
        _wrapped(expectation_rows(found)),
        "<h2>The untrained policy</h2>",
        '<div class="grid">' + "".join(_curve(one) + _histogram(one) for one in found) + "</div><p></p>",
        table(curve_rows(found)),
    ]
    if any(one.continuations for one in found):
        body += [
            "<h2>Truncated prompts</h2>",
            '<p class="hint">The policy continues prompts that were cut off, by its likeliest tokens. Word for word: it may '
            "have seen them. Of another prompt: the same continuation against what was cut off the next prompt, which is what "
            "a common form alone explains. How much is suspicious is a proposal: the paper gives no number.</p>",
            table(continuation_rows(found)),
        ]
    body += ["<h2>What the paper found</h2>", table(EVIDENCE), f'<p class="hint">{for_page(SOURCE)}</p>']
    return page("Alignment probe", "\n".join(body))


def _curve(one: Alignment) -> str:
    mine = Series(one.task, one.curve.ks, one.curve.mean, one.curve.low, one.curve.high, "mine")
    ks = one.curve.ks if len(one.curve.ks) < 8 else one.curve.ks[::2]
    chart = line_chart([mine], ks, (0.0, 1.0), log_x=True)
    return f'<div class="card"><h3>{for_page(one.task)}: pass@k</h3>{chart}<p>{one.label}, {one.colour}</p></div>'


def _histogram(one: Alignment) -> str:
    most = max(one.histogram) or 1
    bars = "".join(
        f'<tr><th>{name}</th><td class="words"><span class="widened" style="display:inline-block;height:11px;border-radius:3px;'
        f'vertical-align:middle;width:{count / most * 110:.0f}px"></span> {count}</td></tr>'
        for name, count in zip(BINS, one.histogram, strict=True)
    )
    return f'<div class="card"><h3>{for_page(one.task)}: difficulty</h3><table class="cells">{bars}</table></div>'


def _wrapped(rows: list[list[str]]) -> str:
    """A table of sentences."""
    head, *others = rows
    lines = ["".join(f'<th class="words">{for_page(cell)}</th>' for cell in head)]
    for row in others:
        cells = "".join(f'<td class="words" style="white-space:normal">{for_page(cell)}</td>' for cell in row[1:])
        lines.append(f"<th>{for_page(row[0])}</th>{cells}")
    return '<div class="scroll"><table>' + "".join(f"<tr>{line}</tr>" for line in lines) + "</table></div>"
