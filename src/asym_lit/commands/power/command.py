"""The `power` command: a pilot's counts or a Beta distribution in, a table of studies out. The work is in `planning`."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from asym_lit.command_line import PlainErrors
from asym_lit.command_line.program import program
from asym_lit.commands.power.planning import Power, write_power
from asym_lit.reports.escaping import for_terminal
from asym_lit.reports.power_words import power_rows, power_sentence


class _Parser(PlainErrors):
    """Precedes an error with one line of usage; `--help` shows all options."""

    short_usage = "[BASE=FILE [ARM=FILE]] [--beta '[0.6, 1.4]'] [--k K] [--difference D] [--KEY VALUE ...]"


def power_command(args: Sequence[str]) -> None:
    """Run `power`.

    Args:
        args: Words after `power`.
    """
    parser = _Parser(
        prog=f"{program()} power", description="How many problems, responses and training seeds show a difference."
    )
    parser.add_argument("pilot", nargs="*", help="files of counts as `compare` reads them: of the base, and of one arm")
    parser.add_class_arguments(Power)
    given = parser.parse_args(list(args)).as_dict()
    words = given.pop("pilot")
    plan, path = write_power(Power(**given), words)
    console = Console()
    head, *rows = power_rows(plan)
    table = Table(*(for_terminal(cell) for cell in head), title="problems needed")
    for row in rows:
        table.add_row(*map(for_terminal, row))
    console.print(table)
    console.print(for_terminal(power_sentence(plan)), highlight=False)
    console.print(f"Report          {path}", highlight=False, markup=False, soft_wrap=True)
