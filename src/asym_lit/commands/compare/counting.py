"""The comparison of counts, alone or beside run folders, written as a report. Statistics are in `evaluation/counted.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from asym_lit.commands.compare.comparing import Compare, shared_evaluations
from asym_lit.commands.compare.count_files import read_arms
from asym_lit.commands.compare.doubts import doubts
from asym_lit.commands.compare.row_files import Reading
from asym_lit.evaluation.count_measures import CountMeasures, measures_of
from asym_lit.evaluation.counted import CountComparison, CountedArm, compare_counts, counted_runs
from asym_lit.evaluation.runs import Run, check_comparable
from asym_lit.reports.counts_page import counts_page
from asym_lit.reports.counts_text import counts_text
from asym_lit.reports.every_k_figure import every_k_figure
from asym_lit.reports.pasted_tables import latex_tables, markdown_tables
from asym_lit.run_folder.writing import folder_for, write_atomically, write_json
from asym_lit.types import InputError

BESIDE_RUNS = (
    "Run folders count by their last evaluation. How the responses of a file of counts were drawn and verified is not in it: "
    "that all were measured alike is for the reader to know."
)


def write_count_comparison(
    settings: Compare, files: Sequence[tuple[str, Path]], runs: Sequence[Run] = (), runs_first: bool = False
) -> tuple[CountComparison, Path]:
    """Compares files of counts, with each other and with the last evaluations of runs.

    It writes `index.html`, `report.md`, `comparison.json`, `every_k.png`, and `table.tex` and `table.md` to paste.

    Args:
        settings: How; `metrics` and `evaluations` are of runs alone, `allow` too.
        files: Names of arms, and where their counts are; none for run folders alone.
        runs: Of other arms; none for files alone.
        runs_first: Whether their arms stand before those of the files; the first arm is the baseline unless one is named.

    Returns:
        What was found, and the page.

    Raises:
        InputError: If they cannot be compared, or a setting says nothing of counts.
    """
    idle = [name for name in ("metrics", *(() if runs else ("allow", "evaluations", "counts"))) if getattr(settings, name)]
    if idle:
        raise InputError(f"{idle[0]} is of run folders, and files of counts hold nothing for it; leave it out.")
    folder = folder_for(settings.out)
    arms, notes = read_arms(files, Reading(settings.ids, settings.verdict, settings.filter))
    if runs:
        from_runs, of_runs = _of_runs(settings, runs)
        notes = [*notes, *of_runs, *([BESIDE_RUNS] if files else [])]
        both = {arm.name for arm in arms} & {arm.name for arm in from_runs}
        if both:
            raise InputError(f"{min(both)!r} names a file of counts and a run folder; give them names of their own, NAME=PATH.")
        arms = [*from_runs, *arms] if runs_first else [*arms, *from_runs]
    found = compare_counts(arms, settings.title, settings.baseline, settings.ks, settings.correction, notes)
    measures = measures_of(found)
    write_atomically(folder / "index.html", [counts_page(found, measures)])
    write_atomically(folder / "report.md", [counts_text(found, measures)])
    bands = [result.to_baseline for result in found.arms if result.to_baseline]
    write_atomically(folder / "table.tex", [latex_tables(bands, found.ks, len(found.problems), found.samples)])
    write_atomically(folder / "table.md", [markdown_tables(bands, found.ks)])
    write_json(folder / "comparison.json", _plain(found, measures))
    every_k_figure(bands).savefig(folder / "every_k.png", dpi=110, metadata={"Software": None})
    return found, folder / "index.html"


def _of_runs(settings: Compare, runs: Sequence[Run]) -> tuple[list[CountedArm], list[str]]:
    names = shared_evaluations(settings, runs)
    if len(names) > 1:
        raise InputError(
            f"The runs have {len(names)} evaluation sets, and a file of counts is of one; write --evaluations with one of "
            f"{', '.join(names)}."
        )
    return counted_runs(runs, names[0]), [*doubts(runs, names[0]), *check_comparable(runs, names[0], settings.allow)]


def _plain(found: CountComparison, measures: CountMeasures) -> dict[str, Any]:
    """Plain types, for JSON."""
    arms = [
        {
            "arm": result.arm.name,
            "origin": result.arm.origin,
            "seeds": list(result.arm.by_seed),
            "curve": result.curve.as_dict(),
            "by_source": result.by_source,
            "to_baseline": [{"k": gap.k, **asdict(gap.found), "p_adjusted": gap.p_adjusted} for gap in result.gaps],
            "every_k": result.to_baseline.as_dict() if result.to_baseline else None,
            **of_arm.as_dict(),
        }
        for result, of_arm in zip(found.arms, measures.arms, strict=True)
    ]
    head = {name: getattr(found, name) for name in ("title", "samples", "ks", "baseline", "correction", "sources", "missing")}
    ranks = {str(k): [asdict(one) for one in some] for k, some in measures.ranks.items()}
    return {**head, "problems": len(found.problems), "notes": found.notes, "ranks": ranks, "arms": arms}
