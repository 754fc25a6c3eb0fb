"""Callbacks: one concern each. What they measure is computed in `evaluation/`, what they write in `run_folder/`."""

from asym_lit.lit.callbacks.best_checkpoint import BestCheckpoint
from asym_lit.lit.callbacks.dynamics import Dynamics
from asym_lit.lit.callbacks.ledger import Ledger
from asym_lit.lit.callbacks.metric_family import MetricFamily
from asym_lit.lit.callbacks.mismatch_guard import MismatchGuard
from asym_lit.lit.callbacks.pass_at_k import PassAtK
from asym_lit.lit.callbacks.push_to_hub import PushToHub
from asym_lit.lit.callbacks.report import Report
from asym_lit.lit.callbacks.rollout_checkpoint import RolloutCheckpoint
from asym_lit.lit.callbacks.run_record import RunRecord
from asym_lit.lit.callbacks.step_accounting import StepAccounting
from asym_lit.lit.callbacks.training_history import TrainingHistory
from asym_lit.lit.callbacks.transcript import Transcript
from asym_lit.lit.callbacks.verifier_reward import VerifierReward
from asym_lit.lit.watchdog import Watchdog

__all__ = [
    "BestCheckpoint",
    "Dynamics",
    "Ledger",
    "MetricFamily",
    "MismatchGuard",
    "PassAtK",
    "PushToHub",
    "Report",
    "RolloutCheckpoint",
    "RunRecord",
    "StepAccounting",
    "TrainingHistory",
    "Transcript",
    "VerifierReward",
    "Watchdog",
]
