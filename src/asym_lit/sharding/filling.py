"""Filling: an empty policy's weights from its files. One process of each node reads, and sends the others their parts.

It reads some rows of one tensor at a time, so it holds little beside its own weights. What cannot be read does not leave the
others waiting: they are sent zeros, and all end together by the same words.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, Shard

from asym_lit.model_files import is_finite, not_finite
from asym_lit.policy.adapter_merging import is_adapter_weight, unwrapped
from asym_lit.policy.load_faults import INSTEAD
from asym_lit.sharding.weight_files import StoredTensor
from asym_lit.types import InputError

BLOCK_BYTES = 96 * 2**20
"""Of a tensor in fp32, read and sent at once; an embedding of 151,936 x 896 would be held three times over.
Less than 32 MiB the C library would keep for itself."""


@dataclass(frozen=True, slots=True)
class Node:
    """The processes that one of them reads for, by rank."""

    rank: int
    """Of this one."""
    ranks: range
    """Of all on its node; the first of them reads."""

    @property
    def reads(self) -> bool:
        """Whether this process reads."""
        return self.rank == self.ranks.start


ALONE = Node(0, range(1))
"""One process that reads for itself, without a collective."""


def node_of(rank: int, processes: int) -> Node:
    """The node of a process, where each has so many, in the order of their ranks."""
    first = rank - rank % processes
    return Node(rank, range(first, first + processes))


def materialise(model: nn.Module, device: torch.device) -> None:
    """Give memory to all tensors on the meta device, in place; what two modules share they go on sharing.

    Args:
        model: Sharded or not; what is real already stays as it is.
        device: Where to.
    """
    made: dict[int, Tensor] = {}

    def real(value: Tensor) -> Tensor:
        if id(value) not in made:
            empty = torch.empty_like(value, device=device)
            is_weight = isinstance(value, nn.Parameter)
            made[id(value)] = nn.Parameter(empty, requires_grad=value.requires_grad) if is_weight else empty
        return made[id(value)]

    kept = list(model.state_dict(keep_vars=True).values())  # an id is of one tensor as long as that lives
    for module in model.modules():
        for tensors in (module._parameters, module._buffers):
            for name, value in list(tensors.items()):
                if value is not None and value.is_meta:
                    tensors[name] = real(value)  # type: ignore[assignment]
    del kept
    model.to(device)  # with it `fully_shard` takes note of the new ones


def fill(model: nn.Module, where: str, sources: Mapping[str, StoredTensor], node: Node = ALONE) -> None:
    """Read weights from files into a policy, each once for a node. A collective, but for one process `ALONE`.

    Args:
        model: With memory for its weights, as `materialise` gives it; adapters are left as they are. Sharded over all
            processes, or whole in this one.
        where: What was read, for faults.
        sources: By name, without adapters.
        node: Who reads for whom.

    Raises:
        InputError: If a weight holds a number that is not finite.
        RuntimeError: If the process that reads could not.
    """
    state = model.state_dict(keep_vars=True)
    plain = {name: wrapped.plain for name, wrapped in unwrapped(model, state).items() if not is_adapter_weight(name)}
    reader = _Reader(where, node)
    filled: set[int] = set()
    for name, value in state.items():
        if name in plain and id(value) not in filled:
            filled.add(id(value))
            reader.fill(plain[name], value, sources[plain[name]])
    reader.finish()


class _Reader:
    """Reads and sends, or receives."""

    def __init__(self, where: str, node: Node) -> None:
        self.where, self.node = where, node
        self.fault: Exception | None = None

    @torch.no_grad()
    def fill(self, name: str, value: Tensor, source: StoredTensor) -> None:
        """Fill a tensor, or this process's part of one."""
        own = value.to_local() if isinstance(value, DTensor) else value
        is_weight = isinstance(value, nn.Parameter)
        for rank in self.node.ranks if self.node.reads else [self.node.rank]:
            rows = _rows(value, rank)
            for block in _blocks(rows, source):
                place = own[block.start - rows.start : block.stop - rows.start] if own.dim() else own
                if not self.node.reads:
                    received = torch.empty(place.shape, dtype=place.dtype, device=place.device)
                    dist.recv(received, self.node.ranks.start)
                    place.copy_(received)
                elif rank == self.node.rank:
                    place.copy_(self._read(name, source, block, own.dtype, is_weight))
                else:
                    dist.send(self._read(name, source, block, own.dtype, is_weight).to(own.device), rank)

    def _read(self, name: str, source: StoredTensor, block: range, dtype: torch.dtype, is_weight: bool) -> Tensor:
        if self.fault is None:
            try:
                found = source.rows(block.start, block.stop).to(dtype).contiguous()
                if is_weight and not is_finite(found):
                    raise InputError(f"{not_finite(self.where, name)} {INSTEAD}")
                return found
            except Exception as fault:  # the others must not be left waiting; `finish` raises it
                self.fault = fault
        return torch.zeros((len(block), *source.shape[1:]) if source.shape else (), dtype=dtype)

    def finish(self) -> None:
        """Raise what went wrong, on every process."""
        said: list[tuple[str, bool] | None] = []
        if self.node is not ALONE:
            said = [None] * dist.get_world_size()
            dist.all_gather_object(said, (str(self.fault), isinstance(self.fault, InputError)) if self.fault else None)
        if self.fault:
            raise self.fault
        for words, is_input in filter(None, said):
            raise InputError(words) if is_input else RuntimeError(f"The process that reads the weights failed: {words}")


def _rows(value: Tensor, rank: int) -> range:
    """The rows of a tensor that a process holds; a number has one."""
    if not isinstance(value, DTensor):
        return range(len(value) if value.dim() else 1)
    mesh, placements = value.device_mesh, value.placements
    if mesh.ndim != 1 or placements != (Shard(0),):
        raise RuntimeError(f"A weight is placed as {placements} over {mesh}; rows over one dimension of processes are filled.")
    ranks = mesh.mesh.tolist()
    size = -(-len(value) // len(ranks))  # as `torch.chunk` cuts, and so `fully_shard`
    start = min(ranks.index(rank) * size, len(value))
    return range(start, min(start + size, len(value)))


def _blocks(rows: range, source: StoredTensor) -> Iterator[range]:
    """What is read at once."""
    size = max(1, BLOCK_BYTES // (4 * max(1, math.prod(source.shape[1:]))))
    return (rows[start : start + size] for start in range(0, len(rows), size))
