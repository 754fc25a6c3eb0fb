"""The report of a comparison of counts: one HTML page that needs nothing else, and markdown. Numbers: `evaluation.counted`."""

from __future__ import annotations

from collections.abc import Iterator

from asym_lit.evaluation.bands import EveryK
from asym_lit.evaluation.counted import CountComparison
from asym_lit.reports.comparison_page import gap_table, table
from asym_lit.reports.comparison_words import gap_words, least_words
from asym_lit.reports.escaping import for_page
from asym_lit.reports.every_k_page import every_k_section
from asym_lit.reports.every_k_words import EVERY_K, every_k_rows, every_k_sentence
from asym_lit.reports.ledger_page import page

METHODS = (
    "pass@k is the unbiased estimate per problem, 1 - C(n - c, k) / C(n, k), averaged over seeds, then over problems. "
    "Differences are paired by problem.",
    "One budget alone: Student's interval, with the p-value corrected over all budgets and arms of the table; for a k that was "
    "chosen before looking.",
)


def counts_page(found: CountComparison) -> str:
    """The whole page."""
    facts = {
        "problems x responses": f"{len(found.problems)} x {found.samples}",
        "arms": ", ".join(f"{one.arm.name} ({_seeds(len(one.arm.by_seed))})" for one in found.arms),
        "held against": found.baseline,
    }
    body = [
        f"<h1>{for_page(found.title)}</h1>",
        "<dl>" + "".join(f"<div><dt>{k}</dt><dd>{for_page(v)}</dd></div>" for k, v in facts.items()) + "</dl>",
        *(f'<p class="lead">{for_page(every_k_sentence(one))}</p>' for one in _bands(found)),
        *(f'<p class="note">{for_page(note)}</p>' for note in found.notes),
        *every_k_section(_bands(found), sentences=False),
    ]
    for one in _bands(found):
        body += [f"<h2>{for_page(one.arm)} less {for_page(one.reference)}</h2>", table(every_k_rows(one, found.ks))]
        body.append('<p class="hint">In brackets the band over every k; bold where the sign is sure.</p>')
    rows = [(result.arm.name, result.gaps) for result in found.arms if result.gaps]
    body += ["<h2>One budget alone</h2>", gap_table(rows, found.ks)]
    body += [f'<p class="hint">{for_page(text)}</p>' for text in _least(found)]
    if found.sources:
        body += ["<h2>By source</h2>", table(source_rows(found))]
    body += ["<h2>Where the counts are from</h2>", table(origin_rows(found), words=(2,))]
    body += ["<h2>How it was measured</h2>", *(f'<p class="hint">{for_page(text)}</p>' for text in METHODS)]
    return page(found.title, "\n".join(body))


def counts_text(found: CountComparison) -> str:
    """The whole comparison as markdown."""
    parts = [f"# {found.title}", f"{len(found.problems)} problems x {found.samples} responses, against {found.baseline}."]
    parts += [every_k_sentence(one) for one in _bands(found)] + [f"> {note}" for note in found.notes]
    parts += [*_least(found), "![over every k](every_k.png)"]
    tables: dict[str, Iterator[list[str]]] = {
        f"{one.arm} less {one.reference}": every_k_rows(one, found.ks) for one in _bands(found)
    }
    tables["One budget alone"] = _gap_rows(found)
    if found.sources:
        tables["By source"] = source_rows(found)
    tables["Where the counts are from"] = origin_rows(found)
    for title, cells in tables.items():
        head, *rows = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells]
        parts += [f"## {title}", "\n".join([head, "|" + " --- |" * (head.count(" | ") + 1), *rows])]
    return "\n\n".join([*parts, EVERY_K, *METHODS]) + "\n"


def source_rows(found: CountComparison) -> Iterator[list[str]]:
    """pass@k at the smallest and the largest budget, by source and arm."""
    first, last = found.ks[0], found.ks[-1]
    ends = [(0, first)] if first == last else [(0, first), (-1, last)]
    yield ["source", "problems", *(f"{result.arm.name}, pass@{k}" for _, k in ends for result in found.arms)]
    for source, count in found.sources.items():
        yield [source, str(count), *(f"{result.by_source[source][i]:.3f}" for i, _ in ends for result in found.arms)]


def origin_rows(found: CountComparison) -> Iterator[list[str]]:
    """Where each arm was read from, and what it lacks."""
    yield ["arm", "seeds", "from", "problems it lacks"]
    for result in found.arms:
        name = result.arm.name
        lacks = sum(len(ids) for of, ids in found.missing.items() if of == name or of.startswith(f"{name}, seed "))
        yield [name, str(len(result.arm.by_seed)), result.arm.origin, str(lacks)]


def _gap_rows(found: CountComparison) -> Iterator[list[str]]:
    yield ["arm", *(f"pass@{k}" for k in found.ks)]
    for result in found.arms:
        if result.gaps:
            yield [result.arm.name, *map(gap_words, result.gaps)]


def _least(found: CountComparison) -> list[str]:
    return [least_words(result.arm.name, found.baseline, result.gaps) for result in found.arms if result.gaps]


def _bands(found: CountComparison) -> list[EveryK]:
    return [result.to_baseline for result in found.arms if result.to_baseline]


def _seeds(count: int) -> str:
    return "1 seed" if count == 1 else f"{count} seeds"
