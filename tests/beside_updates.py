"""An engine that writes beside the update, in this process: a replica of its own, and what tests do to it meanwhile."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from lightning.pytorch import Callback
from torch import Tensor

from asym_lit.rollout.engine import EngineError, EngineHost, Request
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.types import Rollout, RunStoppedError, Sampling

UPDATED = threading.Semaphore(0)
"""Raised once by every rollout step that was trained on, where `TellUpdates` is among the callbacks."""


class BesideEngine(HFEngine):
    """Writes as `HFEngine` does, with weights of its own, and may be used from another thread.

    Args:
        after_updates: Answers the n-th step, and each after it, only when another rollout step has been trained on.
    """

    def __init__(self, after_updates: int | None = None) -> None:
        super().__init__()
        self.after_updates, self.calls = after_updates, 0
        self.kept: tuple[list[tuple[str, Tensor]], int] = ([], -1)

    def start(self, host: EngineHost) -> None:
        super().start(replace(host, live_model=None))

    def sync(self, named_weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        self.kept = ([(name, value.clone()) for name, value in named_weights], version)
        self.restore()

    def restore(self) -> None:
        super().sync(*self.kept)

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Rollout]]:
        self.calls += len(requests) > 1  # a single one is the guard's
        late = self.after_updates is not None and len(requests) > 1 and self.calls >= self.after_updates
        if late and not UPDATED.acquire(timeout=20):
            raise EngineError("no update was made while it waited")
        yield from super().generate(requests, sampling)


class TellUpdates(Callback):
    """Says that a rollout step has been trained on."""

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        UPDATED.release()


class StopAt(Callback):
    """Stops the run, as a callback may, behind a rollout step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if batch.step == self.step:
            raise RunStoppedError("told to")


class KillEngine(Callback):
    """Kills the process of the engine before the first update of a rollout step, while it writes for the next."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        if pl_module.rollout_step == self.step:
            self.step = -1
            os.kill(pl_module.datamodule.engine._process.pid, signal.SIGKILL)
