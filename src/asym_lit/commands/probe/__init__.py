"""Probe: how well a policy and a task go together, before anything is trained."""

from asym_lit.commands.probe.command import probe_command
from asym_lit.commands.probe.probing import Probe, ProbedTask

__all__ = ["Probe", "ProbedTask", "probe_command"]
