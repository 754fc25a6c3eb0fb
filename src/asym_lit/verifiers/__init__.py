"""Verifiers: what decides whether a response is right."""

from asym_lit.verifiers.judge import Judge
from asym_lit.verifiers.judge_client import Endpoint
from asym_lit.verifiers.judge_local import LocalModel
from asym_lit.verifiers.reasoning_gym import ReasoningGymScore
from asym_lit.verifiers.symbolic import Symbolic

__all__ = ["Endpoint", "Judge", "LocalModel", "ReasoningGymScore", "Symbolic"]
