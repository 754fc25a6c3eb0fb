"""The `compare` command: run folders and settings become a report. The work is in `comparing`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from typing_extensions import override

from asym_lit.command_line import PlainErrors
from asym_lit.commands.compare.comparing import Compare, write_comparison
from asym_lit.reports.comparison_words import head_line
from asym_lit.reports.escaping import for_terminal
from asym_lit.reports.pass_at_k import pass_at_k_table
from asym_lit.run_folder.runs import find_runs


class _Parser(PlainErrors):
    """Precedes an error with one line of usage; `--help` shows all options."""

    @override
    def print_usage(self, file: Any = None) -> None:
        print(f"usage: {self.prog} FOLDER|NAME=FOLDER ... [--out FOLDER] [--baseline ARM] [--KEY VALUE ...]", file=file)


def compare_command(args: Sequence[str]) -> None:
    """Run `compare`.

    Args:
        args: Words after `compare`.
    """
    parser = _Parser(prog="train.py compare", description="Compare trained runs with their base policies and with each other.")
    parser.add_argument("runs", nargs="+", help="run folders, or folders of them; NAME=FOLDER names the arm")
    parser.add_class_arguments(Compare)
    given = parser.parse_args(list(args)).as_dict()
    words = given.pop("runs")
    console = Console()
    for name, (found, path) in write_comparison(Compare(**given), find_runs(words)).items():
        curves = {"base policy": found.arms[0].before, **{arm.name: arm.after for arm in found.arms}}
        if len(curves) <= 5:
            console.print(pass_at_k_table(f"{name}, last evaluation", curves))
        for note in found.notes:
            console.print(f"Note            {for_terminal(note)}", highlight=False)
        console.print(f"Found           {for_terminal(head_line(found))}", highlight=False)
        console.print(f"Report          {path}", highlight=False, markup=False, soft_wrap=True)
