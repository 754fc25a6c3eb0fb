"""Ledger: a training history in, what was learned, lost and only swings out; and which problem to train on alone."""

from asym_lit.commands.ledger.command import ledger_command
from asym_lit.commands.ledger.reading import Ledger, write_ledger

__all__ = ["Ledger", "ledger_command", "write_ledger"]
