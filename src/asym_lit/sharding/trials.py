"""The trials of a policy that no process will hold whole: one process makes them before it is sharded, and tells the others.

They need real weights, so that process loads some: of a small policy all, of a large one its embedding, its head and its first
layers, up to the one that no kind of layer is missing behind. Layers of one kind do the same with other numbers; what differs
in numbers is looked for in all weights as they are read. Where the first layers alone are refused, all are asked.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from asym_lit.policy.decoder_layers import decoder_layers
from asym_lit.policy.layer_calls import kind_of
from asym_lit.policy.noise import noisy_names
from asym_lit.policy.own_logits import HeadReading
from asym_lit.policy.reload_trial import check_reload, is_small
from asym_lit.policy.scorer_plans import ScorerPlan
from asym_lit.policy.settling import settle
from asym_lit.sharding.empty_policies import EmptyPolicy
from asym_lit.sharding.filling import fill, materialise
from asym_lit.types import InputError


@dataclass(frozen=True, slots=True)
class Findings:
    """What trials found of a policy."""

    kept: tuple[str, ...]
    """Names of numbers that look like noise and are none."""
    reading: HeadReading
    """Of its LM head."""
    why_not_shared: str
    """Why it cannot read a prompt once for all of its responses; empty if it can."""


def try_policy(plan: ScorerPlan, empty: EmptyPolicy) -> Findings | str:
    """All trials of a plan, made by the first process and told to all. A collective.

    Returns:
        What they found; or why the policy has to be loaded whole to be tried, as the end of a sentence.

    Raises:
        InputError: If the policy cannot be trained on.
    """
    found: list[Any] = [None]
    fault: Exception | None = None
    if dist.get_rank() == 0:
        try:
            found = [_try(plan, empty)]
        except Exception as caught:  # told to all, and raised below
            fault, found = caught, [(type(caught).__name__, str(caught))]
    dist.broadcast_object_list(found, 0)
    if fault:
        raise fault
    if isinstance(found[0], tuple):
        kind, words = found[0]
        raise InputError(words) if kind == InputError.__name__ else RuntimeError(f"The trial of the policy failed: {words}")
    answer: Findings | str = found[0]
    return answer


def _try(plan: ScorerPlan, empty: EmptyPolicy) -> Findings | str:
    if is_small(empty.model):
        return _found(plan, empty, None)
    if plan.is_exported and not check_reload(empty.model):
        return "transformers writes into what it has loaded"
    with suppress(Exception):  # a class may not bear to be cut: its whole has the word, and raises its own fault
        return _found(plan, empty, kinds_end(empty.model))
    return _found(plan, empty, None)


def _found(plan: ScorerPlan, empty: EmptyPolicy, layers: int | None) -> Findings:
    """Of a copy with its first layers alone, or None for all."""
    copy = deepcopy(empty.model).requires_grad_(False)  # trials ask for gradients by tokens; one of the head is as large as it
    if layers is not None:
        del decoder_layers(copy)[layers:]
    materialise(copy, torch.device("cpu"))
    fill(copy, empty.where, empty.sources)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said once more of the policy itself
        kept = settle(copy, plan.longest)
    scorer = plan.tried(copy, is_exported=plan.is_exported and layers is None)
    return Findings(tuple(kept), scorer.reading, scorer.why_not_shared)


def kinds_end(model: nn.Module) -> int:
    """How many layers a policy must have so that none of its kinds is missing."""
    layers = decoder_layers(model)
    names = getattr(getattr(model, "config", None), "layer_types", None) or ()
    seen: set[Hashable] = set()
    end = 0
    for place, layer in enumerate(layers):
        kind = (kind_of(layer), names[place] if place < len(names) else None, noisy_names(layer))
        if kind not in seen:
            seen.add(kind)
            end = place + 1
    return end
