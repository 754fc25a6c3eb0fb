"""Presets that change parts of another: what no paper has a name for, and other trainers have an option for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from asym_lit.objectives.advantages import AdvantageEstimator
from asym_lit.objectives.aggregations import Aggregation
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.ratios import ImportanceRatio
from asym_lit.objectives.regularizers import Regularizer
from asym_lit.objectives.reweights import Reweight, TokenReweight
from asym_lit.objectives.token_losses import TokenLoss


def with_parts(
    base: Objective,
    estimator: AdvantageEstimator | None = None,
    ratio: ImportanceRatio | None = None,
    token_loss: TokenLoss | None = None,
    aggregation: Aggregation | None = None,
    reweights: Sequence[Reweight] = (),
    token_reweights: Sequence[TokenReweight] = (),
    regularizers: Sequence[Regularizer] = (),
) -> Objective:
    """Any base with some of its parts: what is one is put in the place of the base's, what are several come after the base's.

    A dual clip, a KL in another estimate, another mean: parts are named by `class_path` under `asym_lit.objectives`.

    Assumes that the parts fit together, of which only a sampler's gap counted twice is checked. Without any it is the base.

    Args:
        base: What is changed.
        estimator: Of `advantages` or `advantages_at_k`, e.g. Centred; null for the base's, here and below.
        ratio: Of `ratios` or `response_weights`, e.g. SequenceRatio.
        token_loss: Of `token_losses` and its like, e.g. DualClippedSurrogate.
        aggregation: Of `aggregations`, e.g. SequenceSum.
        reweights: Added at rollout time, e.g. BatchScaled.
        token_reweights: Added at every update, e.g. OffPolicyMask.
        regularizers: Added, e.g. ReferenceKL, EntropyBonus.
    """
    given = {"estimator": estimator, "ratio": ratio, "token_loss": token_loss, "aggregation": aggregation}
    chosen = {name: part for name, part in given.items() if part is not None}
    return replace(
        base,
        reweights=(*base.reweights, *reweights),
        token_reweights=(*base.token_reweights, *token_reweights),
        regularizers=(*base.regularizers, *regularizers),
        **chosen,
    )
