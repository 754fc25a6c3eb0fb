"""Callbacks: one concern each."""

from asym_lit.lit.callbacks.dynamics import Dynamics
from asym_lit.lit.callbacks.mismatch_guard import MismatchGuard
from asym_lit.lit.callbacks.pass_at_k import PassAtK
from asym_lit.lit.callbacks.report import Report
from asym_lit.lit.callbacks.rollout_checkpoint import RolloutCheckpoint
from asym_lit.lit.callbacks.step_accounting import StepAccounting
from asym_lit.lit.callbacks.transcript import Transcript
from asym_lit.lit.callbacks.verifier_reward import VerifierReward

__all__ = [
    "Dynamics",
    "MismatchGuard",
    "PassAtK",
    "Report",
    "RolloutCheckpoint",
    "StepAccounting",
    "Transcript",
    "VerifierReward",
]
