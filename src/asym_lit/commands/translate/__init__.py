"""Translate: another trainer's configuration as a recipe."""

from asym_lit.commands.translate.command import translate_command

__all__ = ["translate_command"]
