"""The `replay` command: its words become settings, and the settings are run. The work is in `replaying`."""

from __future__ import annotations

from collections.abc import Sequence

from jsonargparse import auto_cli, set_parsing_settings
from rich.console import Console

from asym_lit.command_line import PlainErrors, allow_short_names
from asym_lit.command_line.program import program
from asym_lit.commands.replay.replaying import run_replay
from asym_lit.commands.replay.settings import Replay
from asym_lit.objectives import Objective


class _Parser(PlainErrors):
    """Precedes an error with one line of usage; `--help` shows all options."""

    short_usage = "[--transcript FILE] [--presets '[grpo, simko]'] [--KEY VALUE ...]"


def replay_command(args: Sequence[str]) -> None:
    """Run `replay`.

    Args:
        args: Words after `replay`.
    """
    allow_short_names()
    set_parsing_settings(subclasses_enabled=[Objective], omegaconf_absolute_to_relative_paths=True)
    settings = auto_cli(Replay, args=list(args), prog=f"{program()} replay", parser_class=_Parser, parser_mode="omegaconf+")
    run_replay(settings, Console())
