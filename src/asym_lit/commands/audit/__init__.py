"""Audit: a verifier against answers that are known to be right or wrong."""

from asym_lit.commands.audit.command import audit_command

__all__ = ["audit_command"]
