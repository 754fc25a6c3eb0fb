"""The `fsdp2` strategy: Lightning's `ModelParallelStrategy` with its sizes filled in, and how a policy is sharded.

FSDP1 is unsupported: Lightning's cannot clip gradients by norm and breaks with manual optimisation.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import torch
from lightning.pytorch.strategies import ModelParallelStrategy, StrategyRegistry
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from typing_extensions import override

from asym_lit.policy.decoder_layers import decoder_layers

if TYPE_CHECKING:
    from torch.distributed.device_mesh import DeviceMesh

    from asym_lit.policy.token_scores import TokenScorer


class FSDP2Strategy(ModelParallelStrategy):
    """Data-parallel training with sharded weights, gradients and optimizer state (`fully_shard`).

    Lightning's own "auto" would make tensor-parallel groups of all devices of a node.

    Args:
        timeout: After which torch gives up a collective; to be more than `seconds` of the `Watchdog`.
    """

    def __init__(self, timeout: timedelta = timedelta(minutes=30)) -> None:
        super().__init__(data_parallel_size=1, tensor_parallel_size=1, timeout=timeout)

    @override
    def setup_environment(self) -> None:
        self._data_parallel_size = self.num_nodes * self.num_processes
        super().setup_environment()


StrategyRegistry.register("fsdp2", FSDP2Strategy, description="Sharded data parallel training (fully_shard)")


def shard(scorer: TokenScorer, mesh: DeviceMesh, compute_dtype: torch.dtype) -> None:
    """Shard a loaded policy: each layer by itself, then the rest (embedding, last norm, LM head) as one.

    Args:
        scorer: With its weights loaded: sharding does not load any.
        mesh: The data-parallel mesh.
        compute_dtype: Of the gathered weights in forward and backward; gradients are reduced in fp32.
    """
    policy = MixedPrecisionPolicy(param_dtype=compute_dtype, reduce_dtype=torch.float32)
    for layer in decoder_layers(scorer.model):
        fully_shard(layer, mesh=mesh, mp_policy=policy)
    fully_shard(scorer, mesh=mesh, mp_policy=policy)
