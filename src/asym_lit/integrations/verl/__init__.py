"""In verl: objectives under its registries of estimators and losses, verifiers as `compute_score`. Written for verl 0.9.

verl itself is only wanted by `register`. Its hooks are given log-probs and advantages: what needs more is refused by name.
"""

from asym_lit.integrations.verl.registering import advantage_estimator, policy_loss, register
from asym_lit.integrations.verl.scores import as_compute_score

__all__ = ["advantage_estimator", "as_compute_score", "policy_loss", "register"]
