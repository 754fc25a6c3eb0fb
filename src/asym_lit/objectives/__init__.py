"""Objectives: rewards and token scores to a loss. Pure functions of tensors; no model, no configuration, no logging."""

from asym_lit.objectives.objective import Objective
from asym_lit.objectives.presets import ace, dapo, dr_grpo, grpo, simko

__all__ = ["Objective", "ace", "dapo", "dr_grpo", "grpo", "simko"]
