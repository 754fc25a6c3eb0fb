"""What a person may write on the command line: short names of classes and presets, and mistakes told in a line or two."""

from asym_lit.command_line.faults import input_error, refused_by_lightning, told
from asym_lit.command_line.names import allow_short_names
from asym_lit.command_line.parser import PlainErrors

__all__ = ["PlainErrors", "allow_short_names", "input_error", "refused_by_lightning", "told"]
