"""Serve: vLLM servers for a trainer, started and looked after on the machines that a job has."""

from asym_lit.commands.serve.command import serve_command

__all__ = ["serve_command"]
