"""Objectives: rewards and token scores to a loss. Pure functions of tensors; no model, no configuration, no logging."""

from asym_lit.objectives import presets
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.presets import *  # noqa: F403 - the index of papers is a list in one place

__all__ = ["Objective", *presets.__all__]
