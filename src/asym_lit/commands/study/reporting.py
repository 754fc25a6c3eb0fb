"""The reports of a study, one a task, with what is missing in them. Each is made by `commands/compare`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from asym_lit.commands.compare import Compare, write_comparison
from asym_lit.commands.study.cells import Cell
from asym_lit.commands.study.definition import StudyFile
from asym_lit.reports.comparison_words import head_line
from asym_lit.reports.escaping import for_terminal
from asym_lit.run_folder.paths import LEDGER
from asym_lit.run_folder.runs import find_runs


def report_study(study: StudyFile, out: Path, all_cells: Sequence[Cell], allow: Sequence[str], console: Console) -> list[str]:
    """Compares the arms of each task, over the runs that have a ledger.

    Args:
        study: From its file.
        out: The study's folder.
        all_cells: Of the study.
        allow: Differences between arms to put up with.
        console: Where to print what was found, and what is missing.

    Returns:
        The tasks of which no run has a ledger.
    """
    bare = []
    for task in study.tasks:
        # By arm, so that reports name them in the order of the study file.
        order = [cell for arm in study.arms for cell in all_cells if (cell.task, cell.arm) == (task, arm)]
        there = [cell for cell in order if (cell.folder / LEDGER).exists()]
        if not there:
            bare.append(task)
            console.print(f"No report       {for_terminal(task)}: no run of it has written a {LEDGER}", highlight=False)
            continue
        baseline = study.baseline if any(cell.arm == study.baseline for cell in there) else there[0].arm
        notes = _missing(order, there, study.baseline, baseline)
        for note in notes:
            console.print(f"Note            {for_terminal(f'{task}: {note}')}", highlight=False)
        title = study.title if len(study.tasks) == 1 else f"{study.title}: {task}"
        settings = Compare(str(out / "report" / task), title, baseline, allow=list(allow), metrics=list(study.metrics))
        runs = find_runs([f"{cell.arm}={cell.folder}" for cell in there])
        for name, (found, page) in write_comparison(settings, runs, notes).items():
            console.print(f"Found           {for_terminal(f'{task}, {name}: {head_line(found)}')}", highlight=False)
            console.print(f"Report          {page}", highlight=False, markup=False, soft_wrap=True)
    return bare


def _missing(order: Sequence[Cell], there: Sequence[Cell], wanted: str, baseline: str) -> list[str]:
    """What a reader would not see: cells without a ledger, and another baseline than the study's."""
    notes = []
    if baseline != wanted:
        notes.append(f"The study's baseline {wanted} has no run to compare, so arms are held against {baseline}.")
    absent = [cell for cell in order if cell not in there]
    if absent:
        words = {"": "without a record", "running": "did not end"}
        states = ", ".join(f"{cell.arm}/seed_{cell.seed} ({words.get(cell.state, cell.state)})" for cell in absent)
        notes.append(f"Not among the {len(there)} of {len(order)} runs below, for want of a {LEDGER}: {states}.")
    return notes
