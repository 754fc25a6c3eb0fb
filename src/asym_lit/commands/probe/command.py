"""The `probe` command: its words become settings, and the settings are run. The work is in `probing`."""

from __future__ import annotations

from collections.abc import Sequence

from jsonargparse import auto_cli, set_parsing_settings
from rich.console import Console

from asym_lit.command_line import PlainErrors, allow_short_names
from asym_lit.command_line.program import program
from asym_lit.commands.probe.probing import Probe, run_probe


class _Parser(PlainErrors):
    """Precedes an error with one line of usage; `--help` shows all options."""

    short_usage = "[--policy POLICY] [--tasks.NAME '{task: ..., verifier: ...}'] [--KEY VALUE ...]"


def probe_command(args: Sequence[str]) -> None:
    """Run `probe`.

    Args:
        args: Words after `probe`.
    """
    allow_short_names()
    set_parsing_settings(omegaconf_absolute_to_relative_paths=True)
    settings = auto_cli(Probe, args=list(args), prog=f"{program()} probe", parser_class=_Parser, parser_mode="omegaconf+")
    run_probe(settings, Console())
