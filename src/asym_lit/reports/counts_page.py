"""The report of a comparison of counts: one HTML page that needs nothing else, for a desk, a phone and paper.

Its words and rows: `counts_words`; as markdown: `counts_text`.
"""

from __future__ import annotations

from asym_lit.evaluation.arm_results import Gap
from asym_lit.evaluation.bands import EveryK
from asym_lit.evaluation.count_measures import CountMeasures
from asym_lit.evaluation.counted import CountComparison
from asym_lit.reports.comparison_page import table
from asym_lit.reports.counts_words import (
    ALL_RIGHT,
    ALONE,
    BRACKETS,
    COVER,
    METHODS,
    RANKS,
    all_right_rows,
    alone_rows,
    bands_of,
    cover_rows,
    least_lines,
    origin_rows,
    rank_rows,
    source_rows,
)
from asym_lit.reports.escaping import for_page
from asym_lit.reports.every_k_page import every_k_section
from asym_lit.reports.every_k_words import bounded, every_k_rows, finding, ranges
from asym_lit.reports.ledger_page import page
from asym_lit.reports.pasted_tables import latex_tables, markdown_tables


def counts_page(found: CountComparison, measures: CountMeasures) -> str:
    """The whole page."""
    facts = {
        "problems x responses": f"{len(found.problems):,} x {found.samples}",
        "arms": ", ".join(f"{one.arm.name} ({_seeds(len(one.arm.by_seed))})" for one in found.arms),
        "held against": found.baseline,
    }
    bands = bands_of(found)
    body = [
        f"<h1>{for_page(found.title)}</h1>",
        "<dl>" + "".join(f"<div><dt>{k}</dt><dd>{for_page(v)}</dd></div>" for k, v in facts.items()) + "</dl>",
    ]
    for one, gaps in bands:
        body += [*(f'<p class="lead">{for_page(text)}</p>' for text in finding(one)), _tiles(one, gaps)]
    body += [f'<p class="note">{for_page(note)}</p>' for note in found.notes]
    body += every_k_section([one for one, _ in bands], sentences=False)
    for one, gaps in bands:
        title = for_page(f"{one.arm} less {one.reference}")
        body += [f"<h2>{title}</h2>", table(every_k_rows(one, found.ks)), f'<p class="hint">{BRACKETS}</p>']
        body += [f"<h3>{title}, one budget alone</h3>", table(alone_rows(gaps)), f'<p class="hint">{for_page(ALONE)}</p>']
    body += [f'<p class="hint">{for_page(text)}</p>' for text in least_lines(found)]
    body += _measures(measures)
    if found.sources:
        body += ["<h2>By source</h2>", table(source_rows(found, measures), words=(1,))]
    body += ["<h2>Where the counts are from</h2>", table(origin_rows(found), words=(2,))]
    body += ["<h2>How it was measured</h2>", *(f'<p class="hint">{for_page(text)}</p>' for text in METHODS)]
    arms = [one for one, _ in bands]
    latex = latex_tables(arms, found.ks, len(found.problems), found.samples)
    for words, text in (("LaTeX", latex), ("markdown", markdown_tables(arms, found.ks))):
        body.append(f"<details><summary>The tables in {words}, to paste</summary><pre>{for_page(text)}</pre></details>")
    return page(found.title, "\n".join(body))


def _tiles(one: EveryK, gaps: list[Gap]) -> str:
    """The answer at a glance."""
    band = one.difference
    if band.low[0] != band.low[0]:  # NaN: a single problem
        return ""
    tiles = []
    for k in dict.fromkeys((1, band.ks[-1])):
        before, after = one.reference_curve.mean[k - 1], one.arm_curve.mean[k - 1]
        look = "up" if k in band.gain else "down" if k in band.loss else ""
        mean, bounds = bounded(one, k).split(" ", 1)
        tiles.append((f"pass@{k}: {before:.3f} → {after:.3f}", mean, look, bounds))
    first = f"estimate: k = {band.first_loss_k}" if band.first_loss_k else "no estimate below 0"
    tiles += [
        ("gain sure at k", ranges(band.gain) or "none", "up" if band.gain else "", f"of 1 to {band.ks[-1]}"),
        ("loss sure at k", ranges(band.loss) or "none", "down" if band.loss else "", f"of 1 to {band.ks[-1]}"),
        ("first loss within k", ranges(band.first_loss) or "none", "", first if band.loss else f"{first}; perhaps never"),
    ]
    ends = [gap for gap in dict.fromkeys((gaps[0], gaps[-1])) if gap.least == gap.least]
    if ends:
        shown = ", ".join(f"{gap.least:.3f}" for gap in ends)
        tiles.append(("least difference shown", shown, "", f"in 80 %, at pass@{' and @'.join(str(gap.k) for gap in ends)}"))
    cells = (
        f'<div><small>{for_page(head)}</small><b class="{look}">{for_page(value)}</b><small>{for_page(under)}</small></div>'
        for head, value, look, under in tiles
    )
    return f'<div class="tiles">{"".join(cells)}</div>'


def _measures(measures: CountMeasures) -> list[str]:
    body = ["<h2>All of k right</h2>", table(all_right_rows(measures)), f'<p class="hint">{for_page(ALL_RIGHT)}</p>']
    if measures.taus:
        body += ["<h2>Cover@tau</h2>", table(cover_rows(measures), words=(4,)), f'<p class="hint">{for_page(COVER)}</p>']
    if measures.ranks:
        body += ["<h2>Ranks</h2>", table(rank_rows(measures)), f'<p class="hint">{for_page(RANKS)}</p>']
    return body


def _seeds(count: int) -> str:
    return "1 seed" if count == 1 else f"{count} seeds"
