"""The sub-commands with parsers of their own, beside `fit`, `validate`, `test`, `predict` and `preflight`.

What they compute is in the rooms below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

COMMANDS = {
    "audit": "asym_lit.commands.audit",
    "compare": "asym_lit.commands.compare",
    "judge-data": "asym_lit.commands.judge_data",
    "probe": "asym_lit.commands.probe",
    "replay": "asym_lit.commands.replay",
    "study": "asym_lit.commands.study",
}
"""Where each is; imported only when it is called."""


def own_command(words: Sequence[str]) -> Callable[[Sequence[str]], None] | None:
    """What runs a command line, if its first word is one of these.

    Args:
        words: After the program's name.
    """
    name = words[0] if words else ""
    if name not in COMMANDS:
        return None
    command: Callable[[Sequence[str]], None] = getattr(import_module(COMMANDS[name]), f"{name.replace('-', '_')}_command")
    return command
