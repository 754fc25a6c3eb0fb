"""Init: a recipe of one's own, from one that ships."""

from asym_lit.commands.init.command import init_command

__all__ = ["init_command"]
