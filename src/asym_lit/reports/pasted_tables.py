"""Tables of a comparison to paste into a paper or a page of somebody else's: LaTeX (booktabs) and markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from asym_lit.evaluation.bands import EveryK
from asym_lit.reports.escaping import for_latex, for_markdown
from asym_lit.reports.every_k_words import every_k_rows, finding


def markdown_table(cells: Iterable[Sequence[str]]) -> str:
    """A table; cells in `**` stay bold.

    Args:
        cells: Head and rows.
    """
    rows = [[_marked(cell, "**{}**", for_markdown) for cell in row] for row in cells]
    head, *rest = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *rest])


def markdown_tables(found: Sequence[EveryK], ks: Sequence[int]) -> str:
    """For each arm the finding, and its difference from what it is held against.

    Args:
        found: Arms, each with its reference.
        ks: Budgets of the rows.
    """
    parts = []
    for one in found:
        parts += [*map(for_markdown, finding(one)), markdown_table(every_k_rows(one, ks))]
    return "\n\n".join(parts) + "\n"


def latex_tables(found: Sequence[EveryK], ks: Sequence[int], problems: int, samples: int) -> str:
    r"""The same in LaTeX, a `table` an arm; `\usepackage{booktabs}` is all that it needs.

    Args:
        found: As above.
        ks: As above.
        problems: How many, for the caption.
        samples: Responses to each, likewise.
    """
    parts = [r"% needs \usepackage{booktabs}"]
    size = f"{problems:,} problems, {samples} responses each."
    for one in found:
        head, *rows = (
            " & ".join(_marked(cell, r"\textbf{{{}}}", for_latex) for cell in row) + r" \\" for row in every_k_rows(one, ks)
        )
        caption = for_latex(" ".join([*finding(one), size]))
        parts += [
            r"\begin{table}[t]",
            r"\centering\small",
            r"\begin{tabular}{rrrr}",
            r"\toprule",
            head,
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            rf"\caption{{{caption} Bold: the sign is sure.}}",
            r"\end{table}",
        ]
    return "\n".join(parts) + "\n"


def _marked(cell: str, bold: str, escape: Callable[[str], str]) -> str:
    if len(cell) > 4 and cell.startswith("**") and cell.endswith("**"):
        return bold.format(escape(cell[2:-2]))
    return escape(cell)
