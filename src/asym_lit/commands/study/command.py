"""The `study` command: runs what a study file asks for, and compares it.

The file is read in `definition`, cells are run in `running`, reports made in `reporting`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rich.console import Console

from asym_lit.command_line import PlainErrors
from asym_lit.command_line.program import program
from asym_lit.command_line.recipes import recipe_file
from asym_lit.commands.study.cells import Cell, cells, ready
from asym_lit.commands.study.definition import StudyFile, read_study
from asym_lit.commands.study.printing import commands, one_cell, slurm_script
from asym_lit.commands.study.reporting import report_study
from asym_lit.commands.study.running import TRAINER, run_cells
from asym_lit.reports.escaping import for_terminal
from asym_lit.run_folder.paths import LEDGER, check_writable
from asym_lit.run_folder.writing import write_json
from asym_lit.types import InputError


@dataclass(frozen=True)  # no slots: jsonargparse reads vars() of it
class StudyOptions:
    """How a study is run.

    Args:
        out: Folder of its runs and reports; empty for `runs/<name of the file>`.
        how: Run it here, or print what can run now: shell `commands`, or a `slurm` array job.
        jobs: Runs at a time.
        only: Cells such as `countdown/grpo/seed_1`, without a report; empty for all.
        allow: Differences between arms that the report puts up with; see `compare`.
        trainer: Command before `fit`; empty for this program.
    """

    out: str = ""
    how: Literal["run", "commands", "slurm"] = "run"
    jobs: int = 1
    only: list[str] = field(default_factory=list)
    allow: list[str] = field(default_factory=list)
    trainer: list[str] = field(default_factory=list)


class _Parser(PlainErrors):
    """Precedes an error with one line of usage; `--help` shows all options."""

    short_usage = "STUDY.yaml [--out FOLDER] [--jobs N] [--how run|commands|slurm] [--KEY VALUE ...]"


def study_command(args: Sequence[str]) -> None:
    """Run `study`.

    Args:
        args: Words after `study`.
    """
    parser = _Parser(prog=f"{program()} study", description="Run arms x seeds x tasks to their end, and compare them.")
    parser.add_argument("study", help="the study file, or the name of one that ships: studies/tinyv")
    parser.add_class_arguments(StudyOptions)
    given = parser.parse_args(list(args)).as_dict()
    path = given.pop("study")
    run_study(recipe_file(path) or Path(path), StudyOptions(**given))


def run_study(path: Path, options: StudyOptions) -> None:
    """Runs a study, or prints how.

    Args:
        path: Of the study file.
        options: How.

    Raises:
        InputError: If the file or an option is not as it must be, or a cell was begun with other settings.
        SystemExit: If a run failed, after the report; or if all ended and yet there is nothing to compare.
    """
    if options.jobs < 1:
        raise InputError(f"jobs is {options.jobs}; allowed: 1 or more.")
    study = read_study(path)
    out = Path(options.out or f"runs/{path.stem}")
    check_writable(out)
    all_cells = cells(study, out)
    by_name = {cell.name: cell for cell in all_cells}
    unknown = [name for name in options.only if name not in by_name]
    if unknown:
        raise InputError(f"only names {unknown[0]}; allowed: {', '.join(by_name)}.")
    wanted = [by_name[name] for name in options.only] or all_cells
    for cell in wanted:
        cell.check_unchanged()  # those that are done too: the report gives their numbers for those of the study file
    if options.how == "run":
        _run(study, out, wanted, all_cells, options)
        return
    now = [cell for cell in ready(all_cells) if cell in wanted]
    waiting = [cell for cell in wanted if not cell.done and cell not in now]
    call = one_cell(str(path), str(out), options.trainer)
    slurm = options.how == "slurm"
    sys.stdout.write(slurm_script(now, waiting, call, options.jobs) if slurm else commands(now, waiting, call))


def _run(study: StudyFile, out: Path, wanted: list[Cell], all_cells: list[Cell], options: StudyOptions) -> None:
    console = Console()
    asked = {"title": study.title, "baseline": study.baseline, "tasks": [*study.tasks], "arms": [*study.arms]}
    # What was asked for last. Versions and git state are each run's own and stand in its record.
    write_json(out / "study.json", {**asked, "seeds": study.seeds, "metrics": study.metrics})
    left = sum(not cell.done for cell in wanted)
    console.print(f"Study           {len(wanted)} runs, {len(wanted) - left} done before, {left} to go", highlight=False)
    trainer = options.trainer or list(TRAINER)
    unfinished = run_cells(
        wanted, all_cells, options.jobs, trainer, lambda line: console.print(for_terminal(line), highlight=False)
    )
    bare = [] if options.only else report_study(study, out, all_cells, options.allow, console)
    if unfinished:
        names = ", ".join(cell.name for cell in unfinished)
        sys.exit(f"error: {len(unfinished)} runs did not end: {names}. The same command goes on with them.")
    if bare:
        sys.exit(
            f"error: no run of {', '.join(bare)} has written a {LEDGER}, so there is nothing to compare. Add "
            "asym_lit.lit.callbacks.Ledger to the callbacks of the recipes, and write --out with another folder."
        )
