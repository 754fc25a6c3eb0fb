"""Weights in memory that two processes share: a file without a name, which goes with the last of them."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor

Place = tuple[str, str, list[int], int]
"""Of one weight: its name, its dtype as torch calls it, its shape, where its bytes begin."""
ALIGNED = 64
"""Bytes; wide enough for every processor's vectors."""
AT_ONCE = 2**30
"""Bytes of one write; Linux takes less than 2 GiB."""


class WeightFile:
    """The writer's side. What was written last stays until it is written over."""

    def __init__(self) -> None:
        if hasattr(os, "memfd_create"):
            self.descriptor = os.memfd_create("weights")
        else:
            with tempfile.TemporaryFile() as file:
                self.descriptor = os.dup(file.fileno())

    def write(self, named_weights: Iterable[tuple[str, Tensor]]) -> list[Place]:
        """Write weights one by one, from the beginning; returns where each lies."""
        places: list[Place] = []
        end = 0
        for name, value in named_weights:
            whole = value.detach().cpu().contiguous()
            bytes_N: Any = whole.reshape(-1).view(torch.uint8).numpy()
            data = memoryview(bytes_N)
            written = 0
            while written < len(data):
                written += os.pwrite(self.descriptor, data[written : written + AT_ONCE], end + written)
            places.append((name, str(whole.dtype).removeprefix("torch."), list(whole.shape), end))
            end += -(-len(data) // ALIGNED) * ALIGNED
        return places

    def __del__(self) -> None:
        """The memory stays until nobody looks at it."""
        os.close(self.descriptor)


def read_weights(descriptor: int, places: Sequence[Place]) -> Iterator[tuple[str, Tensor]]:
    """The reader's side: name and weight, in order; views of the memory, which is not to be written to."""
    memory = mmap.mmap(descriptor, 0)
    whole = torch.frombuffer(memory, dtype=torch.uint8)
    for name, dtype, shape, start in places:
        kind: torch.dtype = getattr(torch, dtype)
        yield name, whole[start : start + prod(shape) * kind.itemsize].view(kind).view(shape)
