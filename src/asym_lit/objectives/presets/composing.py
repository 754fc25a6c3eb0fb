"""A preset that changes parts of another: what no paper has a name for, and other trainers have an option for."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from asym_lit.objectives.advantages import AdvantageEstimator
from asym_lit.objectives.aggregations import Aggregation
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.part_names import called_with, part_of
from asym_lit.objectives.ratios import ImportanceRatio
from asym_lit.objectives.regularizers import Regularizer
from asym_lit.objectives.rewards import GroupFilter
from asym_lit.objectives.reweights import Reweight, TokenReweight
from asym_lit.objectives.token_losses import TokenLoss
from asym_lit.types import InputError

KINDS: dict[str, tuple[type, str]] = {
    "estimator": (AdvantageEstimator, "Centred"),
    "ratio": (ImportanceRatio, "SequenceRatio"),
    "token_loss": (TokenLoss, "DualClippedSurrogate"),
    "aggregation": (Aggregation, "SequenceSum"),
    "group_filter": (GroupFilter, "DropUniform"),
    "reweights": (Reweight, "BatchScaled"),
    "token_reweights": (TokenReweight, "OffPolicyMask"),
    "regularizers": (Regularizer, "ReferenceKL"),
}
"""What each knob must be, and one that is."""


def with_parts(
    base: Objective,
    estimator: Any = None,
    ratio: Any = None,
    token_loss: Any = None,
    aggregation: Any = None,
    group_filter: Any = None,
    reweights: Sequence[Any] = (),
    token_reweights: Sequence[Any] = (),
    regularizers: Sequence[Any] = (),
) -> Objective:
    """Any base with some of its parts: what is one is put in the place of the base's, what are several come after the base's.

    A dual clip, a KL in another estimate, another mean. In a recipe a part is its name, `aggregation: TokenSum`, or, with
    options of its own, its whole `class_path` and `init_args`.

    Assumes that the parts fit together; of that only a gap to the sampler that is counted twice is checked. Without any it is
    the base.

    Args:
        base: What is changed.
        estimator: Of `advantages` or `advantages_at_k`, e.g. Centred; null for the base's, here and below.
        ratio: Of `ratios` or `response_weights`, e.g. SequenceRatio.
        token_loss: Of `token_losses` and its like, e.g. DualClippedSurrogate.
        aggregation: Of `aggregations`, e.g. SequenceSum.
        group_filter: Of `rewards`, e.g. DropUniform.
        reweights: Added at rollout time, e.g. BatchScaled.
        token_reweights: Added at every update, e.g. OffPolicyMask.
        regularizers: Added, e.g. ReferenceKL, EntropyBonus.

    Raises:
        InputError: If something given is no part of its kind.
    """
    # Any, not the protocols: jsonargparse takes one with a __call__ for a factory of what that returns, and refuses every part.
    one = {"estimator": estimator, "ratio": ratio, "token_loss": token_loss, "aggregation": aggregation}
    one["group_filter"] = group_filter
    several = {"reweights": reweights, "token_reweights": token_reweights, "regularizers": regularizers}
    chosen: dict[str, Any] = {knob: _checked(knob, part) for knob, part in one.items() if part is not None}
    for knob, parts in several.items():
        chosen[knob] = (*getattr(base, knob), *(_checked(knob, part) for part in parts))
    return replace(base, **chosen)


def _checked(knob: str, given: Any) -> Any:
    """The part, if it is called as its kind is: a part of ours by the same names, one of somebody's own by as many."""
    protocol, example = KINDS[knob]
    wanted = called_with(protocol)
    part = part_of(knob, given, wanted)
    found = list(inspect.signature(part).parameters) if callable(part) and not inspect.isclass(part) else None
    fits = found == wanted
    if found is not None and not type(part).__module__.startswith("asym_lit.objectives"):
        fits = len(found) == len(wanted)
    elif knob in ("ratio", "regularizers"):  # called alike; a regularizer has a name for its metric
        fits = fits and hasattr(part, "name") == (knob == "regularizers")
    if not fits:
        raise InputError(
            f"{knob} is a {type(part).__name__}; allowed: a part that is called with ({', '.join(wanted)}), such as {example}."
        )
    return part
