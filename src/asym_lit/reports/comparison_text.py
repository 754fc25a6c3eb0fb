"""A comparison of runs as markdown; as a page: `comparison_page`."""

from __future__ import annotations

from asym_lit.evaluation.run_comparison import RunComparison
from asym_lit.reports.comparison_words import (
    METHODS,
    cost_rows,
    dynamics_rows,
    gap_rows,
    head_line,
    least_lines,
    overview_rows,
    problem_rows,
    run_rows,
)
from asym_lit.reports.every_k_words import EVERY_K, every_k_sentence


def comparison_text(found: RunComparison) -> str:
    """The whole comparison as markdown."""
    tables = {
        "At a glance": overview_rows(found),
        "After training less before": gap_rows(found, True),
        f"After training less {found.baseline}": gap_rows(found, False),
        "Problem by problem": problem_rows(found),
        "Over training": dynamics_rows(found),
        "Cost of a run": cost_rows(found),
        "Runs": run_rows(found),
    }
    parts = [
        f"# {found.title}",
        f"{found.evaluation}: {found.problems} problems x {found.samples} responses.",
        head_line(found),
        *map(every_k_sentence, found.every_k),
        *least_lines(found),
    ]
    parts += [f"> {note}" for note in found.notes] + [
        "![first answers against breadth](trade_off.png)",
        "![pass@k](pass_at_k.png)",
        "![over every k](every_k.png)",
        "![over training](over_training.png)",
    ]
    for title, cells in tables.items():
        head, *rows = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells]
        if rows:
            parts += [f"## {title}", "\n".join([head, "|" + " --- |" * (head.count(" | ") + 1), *rows])]
    return "\n\n".join([*parts, *METHODS, EVERY_K]) + "\n"
