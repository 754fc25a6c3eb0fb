"""An engine that dies while it writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from asym_lit.rollout.engine import EngineError, EngineHost, Request
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.types import Rollout, Sampling


class DyingEngine(HFEngine):
    """Writes as `HFEngine` does, and dies at some of its groups; a new one has other weights until it is synced.

    Args:
        dies_at: Numbers of the groups, counted over all calls, before which it dies.
        dies_over: Numbers of the syncs, counted likewise, that it dies over.
    """

    starts = 0

    def __init__(self, dies_at: list[int], dies_over: list[int] | None = None) -> None:
        super().__init__()
        self.dies_at, self.written = list(dies_at), 0
        self.dies_over, self.synced = list(dies_over or []), 0

    def start(self, host: EngineHost) -> None:
        DyingEngine.starts += 1
        super().start(host)

    def sync(self, named_weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        self.synced += 1
        if self.synced in self.dies_over:
            raise EngineError("gone, say")
        super().sync(((name, torch.clone(value)) for name, value in named_weights), version)

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Rollout]]:
        for group in super().generate(requests, sampling):
            if self.written in self.dies_at:
                self.dies_at.remove(self.written)
                raise EngineError("out of memory, say")
            self.written += 1
            yield group
