"""Compare: run folders in, a report of what differs out, with intervals."""

from asym_lit.commands.compare.command import compare_command
from asym_lit.commands.compare.comparing import Compare, write_comparison

__all__ = ["Compare", "compare_command", "write_comparison"]
