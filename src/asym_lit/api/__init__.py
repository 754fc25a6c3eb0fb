"""For Python: a policy measured in one call. What is trained is Lightning's: `PolicyModule` and `RolloutDataModule`."""

from asym_lit.api.evaluating import evaluate
from asym_lit.api.results import Evaluation

__all__ = ["Evaluation", "evaluate"]
