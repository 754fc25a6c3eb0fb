"""The `study` command: runs what a study file asks for, and compares it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from jsonargparse import ArgumentParser
from rich.console import Console
from rich.markup import escape
from typing_extensions import override

from asym_lit.evaluation.comparison_words import head_line
from asym_lit.lit.callbacks.run_record import git_state, versions
from asym_lit.lit.compare import Compare, write_comparison
from asym_lit.lit.compare.reading import find_runs
from asym_lit.lit.run_folder import LEDGER, check_writable, write_json
from asym_lit.lit.study.cells import Cell, cells, ready
from asym_lit.lit.study.definition import StudyFile, read_study
from asym_lit.lit.study.running import TRAINER, commands, run_cells, slurm_script
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


class _Parser(ArgumentParser):
    """Precedes an error with one line of usage; `--help` shows all options."""

    @override
    def print_usage(self, file: Any = None) -> None:
        print(
            f"usage: {self.prog} STUDY.yaml [--out FOLDER] [--jobs N] [--how run|commands|slurm] [--KEY VALUE ...]", file=file
        )


def study_command(args: Sequence[str]) -> None:
    """Run `study`.

    Args:
        args: Words after `study`.
    """
    parser = _Parser(prog="train.py study", description="Run arms x seeds x tasks to their end, and compare them.")
    parser.add_argument("study", help="the study file")
    parser.add_class_arguments(StudyOptions)
    given = parser.parse_args(list(args)).as_dict()
    path = given.pop("study")
    run_study(Path(path), StudyOptions(**given))


def run_study(path: Path, options: StudyOptions) -> None:
    """Runs a study, or prints how.

    Args:
        path: Of the study file.
        options: How.

    Raises:
        InputError: If the file or an option is not as it must be.
        SystemExit: If a run failed, after the report.
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
    trainer = options.trainer or list(TRAINER)
    now = [cell for cell in ready(all_cells) if cell in wanted]
    if options.how == "commands":
        sys.stdout.write("".join(f"{line}\n" for line in commands(now, str(path), str(out))))
    elif options.how == "slurm":
        sys.stdout.write(slurm_script(now, str(path), str(out), options.jobs) + "\n")
    else:
        _run(study, out, wanted, all_cells, options, trainer)


def _run(
    study: StudyFile, out: Path, wanted: list[Cell], all_cells: list[Cell], options: StudyOptions, trainer: list[str]
) -> None:
    console = Console()
    write_json(out / "study.json", {"title": study.title, "versions": versions(), "git": git_state(Path.cwd())})
    left = sum(not cell.done for cell in wanted)
    console.print(f"Study           {len(wanted)} runs, {len(wanted) - left} done before, {left} to go", highlight=False)
    unfinished = run_cells(wanted, all_cells, options.jobs, trainer, lambda line: console.print(escape(line), highlight=False))
    if not options.only:
        _report(study, out, all_cells, options, console)
    if unfinished:
        names = ", ".join(cell.name for cell in unfinished)
        sys.exit(f"error: {len(unfinished)} runs did not end: {names}. The same command goes on with them.")


def _report(study: StudyFile, out: Path, all_cells: list[Cell], options: StudyOptions, console: Console) -> None:
    for task in study.tasks:
        there = [cell for cell in all_cells if cell.task == task and (cell.folder / LEDGER).exists()]
        if not there:
            continue
        order = sorted(there, key=lambda cell: list(study.arms).index(cell.arm))
        title = study.title if len(study.tasks) == 1 else f"{study.title}: {task}"
        baseline = study.baseline if any(cell.arm == study.baseline for cell in there) else ""
        settings = Compare(str(out / "report" / task), title, baseline, allow=options.allow, metrics=list(study.metrics))
        for name, (found, page) in write_comparison(settings, find_runs([f"{c.arm}={c.folder}" for c in order])).items():
            console.print(f"Found           {escape(f'{task}, {name}: {head_line(found)}')}", highlight=False)
            console.print(f"Report          {page}", highlight=False)
