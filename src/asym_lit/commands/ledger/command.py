"""The `ledger` command: a history of accuracies becomes a report. The work is in `reading`."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from asym_lit.command_line import PlainErrors
from asym_lit.command_line.program import program
from asym_lit.commands.ledger.reading import Ledger, write_ledger
from asym_lit.reports.escaping import for_terminal
from asym_lit.reports.history_words import course_rows, history_sentences


class _Parser(PlainErrors):
    """Precedes an error with one line of usage; `--help` shows all options."""

    short_usage = "HISTORY [--out FOLDER] [--KEY VALUE ...]"


def ledger_command(args: Sequence[str]) -> None:
    """Run `ledger`.

    Args:
        args: Words after `ledger`.
    """
    parser = _Parser(
        prog=f"{program()} ledger",
        description="What a training run learned, lost and only swings, from how often it was right.",
    )
    parser.add_argument(
        "history",
        help="a run with the callback TrainingHistory, its history.parquet, or a .json object of accuracies by problem",
    )
    parser.add_class_arguments(Ledger)
    given = parser.parse_args(list(args)).as_dict()
    path = given.pop("history")
    found, written = write_ledger(Ledger(**given), path)
    console = Console()
    head, *rows = course_rows(found)
    table = Table(*head[:-1], title=for_terminal(path))  # what courses mean is on the page
    for row in rows:
        table.add_row(*row[:-1])
    console.print(table)
    for sentence in history_sentences(found):
        console.print(for_terminal(sentence), highlight=False)
    console.print(f"Report          {written}", highlight=False, markup=False, soft_wrap=True)
