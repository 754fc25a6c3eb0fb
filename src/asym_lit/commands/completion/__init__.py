"""Completion: the shell finishes the words of a command line."""

from asym_lit.commands.completion.command import completion_command

__all__ = ["completion_command"]
