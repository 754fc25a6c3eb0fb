"""Power: what a study must be to show a difference, before it is made."""

from asym_lit.commands.power.command import power_command
from asym_lit.commands.power.planning import Power, write_power

__all__ = ["Power", "power_command", "write_power"]
