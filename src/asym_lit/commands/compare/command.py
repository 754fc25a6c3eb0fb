"""The `compare` command: run folders and files of counts become a report. The work: `comparing`, `counting`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from asym_lit.command_line import PlainErrors
from asym_lit.command_line.program import program
from asym_lit.commands.compare.comparing import Compare, write_comparison
from asym_lit.commands.compare.count_files import split_words
from asym_lit.commands.compare.counting import write_count_comparison
from asym_lit.evaluation.counted import CountComparison
from asym_lit.evaluation.run_comparison import RunComparison
from asym_lit.reports.comparison_words import head_line
from asym_lit.reports.escaping import for_terminal
from asym_lit.reports.every_k_words import at_budgets, every_k_sentence
from asym_lit.reports.pass_at_k import pass_at_k_table
from asym_lit.run_folder.runs import find_runs
from asym_lit.types import InputError


class _Parser(PlainErrors):
    """Precedes an error with one line of usage; `--help` shows all options."""

    short_usage = "FOLDER|FILE|NAME=PATH ... [--out FOLDER] [--baseline ARM] [--KEY VALUE ...]"


def compare_command(args: Sequence[str]) -> None:
    """Run `compare`.

    Args:
        args: Words after `compare`.
    """
    parser = _Parser(
        prog=f"{program()} compare",
        description="Compare trained runs with their base policies, and arms of any origin by their counts.",
    )
    parser.add_argument(
        "runs",
        nargs="+",
        help="run folders, or folders of them, or files: rows {id, n, c} or {id, correct}, samples of lm-evaluation-harness, "
        "details of lighteval, dumps of verl and TRL; NAME=PATH names the arm",
    )
    parser.add_class_arguments(Compare)
    given = parser.parse_args(list(args)).as_dict()
    words = given.pop("runs")
    settings, (files, folders) = Compare(**given), split_words(words)
    runs = find_runs(folders) if folders else []
    if files or settings.counts:
        _show_counts(*write_count_comparison(settings, files, runs, runs_first=words[0] in folders))
    else:
        idle = [name for name in ("ids", "verdict", "filter") if getattr(settings, name)]
        if idle:
            raise InputError(f"{idle[0]} is of files of others, and run folders have no use for it; leave it out.")
        _show_runs(write_comparison(settings, runs))


def _show_counts(found: CountComparison, path: Path) -> None:
    console = Console()
    if len(found.arms) <= 5:
        curves = {result.arm.name: at_budgets(result.curve, found.ks, len(found.problems)) for result in found.arms}
        console.print(pass_at_k_table("95 % bands, which hold at every k together", curves))
    for note in found.notes:
        console.print(f"Note            {for_terminal(note)}", highlight=False)
    for result in found.arms:
        if result.to_baseline:
            console.print(f"Found           {for_terminal(every_k_sentence(result.to_baseline))}", highlight=False)
    console.print(f"Report          {path}", highlight=False, markup=False, soft_wrap=True)


def _show_runs(done: Mapping[str, tuple[RunComparison, Path]]) -> None:
    console = Console()
    for name, (found, path) in done.items():
        curves = {"base policy": found.arms[0].before, **{arm.name: arm.after for arm in found.arms}}
        if len(curves) <= 5:
            console.print(pass_at_k_table(f"{name}, last evaluation", curves))
        for note in found.notes:
            console.print(f"Note            {for_terminal(note)}", highlight=False)
        console.print(f"Found           {for_terminal(head_line(found))}", highlight=False)
        if len(curves) <= 5:
            for one in found.every_k[: len(found.arms)]:
                console.print(f"Found           {for_terminal(every_k_sentence(one))}", highlight=False)
        console.print(f"Report          {path}", highlight=False, markup=False, soft_wrap=True)
