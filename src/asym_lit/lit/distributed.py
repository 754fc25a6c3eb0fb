"""The few collectives that are needed beside the strategy's own; identities in a single process.

They are of the group of the thread that calls (`process_groups`).
"""

from __future__ import annotations

from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from asym_lit.process_groups import group_of_thread

T = TypeVar("T")


def world_size() -> int:
    """Number of processes in the default group; 1 without one."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def check_group(processes: int) -> None:
    """See that the default group is the strategy's.

    Args:
        processes: How many train together, by the trainer's word.

    Raises:
        RuntimeError: If it has other members: each process would train alone, without a word.
    """
    if world_size() != processes:
        raise RuntimeError(
            f"The process group has {world_size()} members, the trainer {processes}; something made a "
            "process group before the strategy did. Start engines through data.engine only."
        )


def all_sum(values: Tensor) -> Tensor:
    """Elementwise sum over all processes."""
    return _all_reduce(values, dist.ReduceOp.SUM)


def all_max(values: Tensor) -> Tensor:
    """Elementwise maximum over all processes."""
    return _all_reduce(values, dist.ReduceOp.MAX)


def any_process(mine: bool) -> bool:
    """True if it is true on any process."""
    # Named, for the default dtype is the whole process's: one thread may ask while another trains in bfloat16.
    return bool(all_max(torch.tensor(float(mine), dtype=torch.float32)))


def _all_reduce(values: Tensor, operation: dist.ReduceOp.RedOpType) -> Tensor:
    if world_size() == 1:
        return values
    # NCCL alone, which is what Lightning makes on GPUs, cannot reduce a tensor on the host.
    group = group_of_thread()
    device = torch.device("cuda") if dist.get_backend(group) == "nccl" else values.device
    reduced = values.to(device, copy=True)
    dist.all_reduce(reduced, operation, group)
    return reduced.to(values.device)


def all_lists(mine: list[T]) -> list[T]:
    """The lists of all processes, joined in rank order; plain picklable items of our own making only."""
    if world_size() == 1:
        return mine
    gathered: list[list[T]] = [[] for _ in range(world_size())]
    dist.all_gather_object(gathered, mine, group_of_thread())
    return [item for part in gathered for item in part]


def all_cat(values: Tensor) -> Tensor:
    """The 1-D tensors of all processes, joined in rank order."""
    if world_size() == 1:
        return values
    return torch.tensor(all_lists(values.tolist()), dtype=values.dtype, device=values.device)


def mean_over_processes(sums: dict[str, tuple[float, float]]) -> dict[str, float]:
    """Metrics from sums and counts: both are added up over the processes, then divided once.

    Args:
        sums: (sum, count) by metric name; the same names on every process. A count of 0 leaves the metric out.
    """
    table = all_sum(torch.tensor([list(pair) for pair in sums.values()], dtype=torch.float64).reshape(-1, 2))
    return {name: total / count for name, (total, count) in zip(sums, table.tolist(), strict=True) if count}
