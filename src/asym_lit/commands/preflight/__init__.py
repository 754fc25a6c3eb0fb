"""Preflight: what a run would take and what is wrong with it, before anything is loaded or started."""

from asym_lit.commands.preflight.command import run_preflight
from asym_lit.commands.preflight.plan import PreflightSettings, plan_of

__all__ = ["PreflightSettings", "plan_of", "run_preflight"]
