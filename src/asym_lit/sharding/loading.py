"""A policy as a scorer of which each process holds a part: never whole in any of them, and read once for each node."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.distributed as dist
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

from asym_lit.policy.decoder_layers import decoder_layers
from asym_lit.policy.scorer_plans import ScorerPlan
from asym_lit.policy.settling import settle
from asym_lit.policy.shared_attention import let_share
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.processes.heap import give_back
from asym_lit.sharding.empty_adapters import add_real_adapters
from asym_lit.sharding.empty_policies import EmptyPolicy, empty_policy_of
from asym_lit.sharding.filling import fill, materialise, node_of
from asym_lit.sharding.trials import Findings, try_policy

if TYPE_CHECKING:
    from torch.distributed.device_mesh import DeviceMesh


class Sharded(NamedTuple):
    """A sharded scorer."""

    scorer: TokenScorer
    why_whole: str
    """Why every process had to read all weights before they were split, as the end of a sentence; empty if none did."""


def sharded_scorer(plan: ScorerPlan, mesh: DeviceMesh, compute_dtype: torch.dtype, processes: int) -> Sharded:
    """A policy, tried and split over the processes. A collective.

    Args:
        plan: Of the policy.
        mesh: The data-parallel mesh, of all processes.
        compute_dtype: Of the gathered weights in forward and backward.
        processes: On each node.

    Raises:
        InputError: If there is no such policy, or it cannot be trained on.
    """
    empty = empty_policy_of(plan.policy, plan.dtype, plan.attn_implementation)
    found = empty if isinstance(empty, str) else try_policy(plan, empty)
    give_back()
    if isinstance(empty, str) or isinstance(found, str):
        scorer = plan.whole()
        shard(scorer, mesh, compute_dtype)
        return Sharded(scorer, str(found))
    scorer = _empty_scorer(plan, empty, found)
    shard(scorer, mesh, compute_dtype)
    materialise(scorer, _device_of(mesh))
    fill(scorer.model, empty.where, empty.sources, node_of(dist.get_rank(), processes))
    return Sharded(scorer, "")


def _device_of(mesh: DeviceMesh) -> torch.device:
    return torch.device("cuda", torch.cuda.current_device()) if mesh.device_type == "cuda" else torch.device(mesh.device_type)


def _empty_scorer(plan: ScorerPlan, empty: EmptyPolicy, found: Findings) -> TokenScorer:
    """As `ScorerPlan.whole` makes it, without weights, by what the trials found."""
    model = empty.model
    settle(model, plan.longest, found.kept)
    model = add_real_adapters(model, plan.lora) if plan.lora else model
    scorer = plan.scorer(model, found.reading)
    if plan.shares_prompts:
        if not found.why_not_shared:
            let_share(model)
        scorer.why_not_shared = found.why_not_shared
    scorer.add_gradients_in_place()
    return scorer


def shard(scorer: TokenScorer, mesh: DeviceMesh, compute_dtype: torch.dtype) -> None:
    """Shard a policy: each layer by itself, then the rest (embedding, last norm, LM head) as one.

    Args:
        scorer: With its weights, or with weights on the meta device, which are then for `materialise` and `fill`.
        mesh: The data-parallel mesh.
        compute_dtype: Of the gathered weights in forward and backward; gradients are reduced in fp32.
    """
    policy = MixedPrecisionPolicy(param_dtype=compute_dtype, reduce_dtype=torch.float32)
    for layer in decoder_layers(scorer.model):
        fully_shard(layer, mesh=mesh, mp_policy=policy)
    fully_shard(scorer, mesh=mesh, mp_policy=policy)
