"""In TRL: objectives as the loss of its `GRPOTrainer`, verifiers among its `reward_funcs`. Written for TRL 1.16."""

from asym_lit.integrations.trl.reward_functions import VerifierFunction, as_reward_function
from asym_lit.integrations.trl.trainer import ObjectiveTrainer

__all__ = ["ObjectiveTrainer", "VerifierFunction", "as_reward_function"]
