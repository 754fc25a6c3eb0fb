"""A comparison of counts as markdown; as a page: `counts_page`."""

from __future__ import annotations

from collections.abc import Iterator

from asym_lit.evaluation.count_measures import CountMeasures
from asym_lit.evaluation.counted import CountComparison
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
from asym_lit.reports.escaping import for_markdown
from asym_lit.reports.every_k_words import EVERY_K, every_k_rows, finding
from asym_lit.reports.pasted_tables import markdown_table


def counts_text(found: CountComparison, measures: CountMeasures) -> str:
    """The whole comparison as markdown."""
    bands = bands_of(found)
    parts = [
        f"# {for_markdown(found.title)}",
        for_markdown(f"{len(found.problems)} problems x {found.samples} responses, against {found.baseline}."),
        *(for_markdown(text) for one, _ in bands for text in finding(one)),
        *(f"> {for_markdown(note)}" for note in found.notes),
        *map(for_markdown, least_lines(found)),
        "![over every k](every_k.png)",
    ]
    tables: list[tuple[str, Iterator[list[str]], str]] = []
    for one, gaps in bands:
        title = f"{one.arm} less {one.reference}"
        tables += [(title, every_k_rows(one, found.ks), BRACKETS), (f"{title}, one budget alone", alone_rows(gaps), ALONE)]
    tables.append(("All of k right", all_right_rows(measures), ALL_RIGHT))
    if measures.taus:
        tables.append(("Cover@tau", cover_rows(measures), COVER))
    if measures.ranks:
        tables.append(("Ranks", rank_rows(measures), RANKS))
    if found.sources:
        tables.append(("By source", source_rows(found, measures), ""))
    tables.append(("Where the counts are from", origin_rows(found), ""))
    for title, cells, words in tables:
        parts += [f"## {for_markdown(title)}", markdown_table(cells), *([words] if words else [])]
    return "\n\n".join([*parts, EVERY_K, *METHODS]) + "\n"
