"""Evaluation: pass@k, its uncertainty, what changed and whether it is luck. How it is shown is in `reports/`."""

from asym_lit.evaluation.estimators import avg_at_k, coverage, g_pass_at_k, mg_pass_at_k, pass_hat_k
from asym_lit.evaluation.intervals import Estimate, beta_pass_at_k, bootstrap_mean
from asym_lit.evaluation.metrics import AvgAt, Coverage, GPassAt, MGPassAt, PassAt, PassHat
from asym_lit.evaluation.paired import Difference, adjusted, paired_difference
from asym_lit.evaluation.pass_at_k import PassAtKCurve, PassAtKMetric, pass_at_k, pass_at_k_curve
from asym_lit.evaluation.simultaneous import pass_at_every_k, simultaneous_band
from asym_lit.evaluation.votes import Ballot, ballot, distinct_at_k, maj_at_k

__all__ = [
    "AvgAt",
    "Ballot",
    "Coverage",
    "Difference",
    "Estimate",
    "GPassAt",
    "MGPassAt",
    "PassAt",
    "PassAtKCurve",
    "PassAtKMetric",
    "PassHat",
    "adjusted",
    "avg_at_k",
    "ballot",
    "beta_pass_at_k",
    "bootstrap_mean",
    "coverage",
    "distinct_at_k",
    "g_pass_at_k",
    "maj_at_k",
    "mg_pass_at_k",
    "paired_difference",
    "pass_at_every_k",
    "pass_at_k",
    "pass_at_k_curve",
    "pass_hat_k",
    "simultaneous_band",
]
