"""The `fsdp2` strategy: Lightning's `ModelParallelStrategy` with its sizes filled in. How a policy is sharded: `sharding/`.

FSDP1 is unsupported: Lightning's cannot clip gradients by norm and breaks with manual optimisation.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.utilities.load import _METADATA_FILENAME
from lightning.pytorch import Trainer
from lightning.pytorch.strategies import ModelParallelStrategy, StrategyRegistry
from typing_extensions import override

from asym_lit.lit.distributed import any_process
from asym_lit.lit.stopping import HeldFault, met_by_all
from asym_lit.sharding.background import BackgroundSaves, write_parts
from asym_lit.sharding.full_disks import Room


class FSDP2Strategy(ModelParallelStrategy):
    """Data-parallel training with sharded weights, gradients and optimizer state (`fully_shard`).

    Lightning's own "auto" would make tensor-parallel groups of all devices of a node.

    Args:
        timeout: After which torch gives up a collective; to be more than `seconds` of the `Watchdog`.
    """

    def __init__(self, timeout: timedelta = timedelta(minutes=30)) -> None:
        super().__init__(data_parallel_size=1, tensor_parallel_size=1, timeout=timeout)
        self.saves = BackgroundSaves()
        """Checkpoints that are written while training goes on."""
        self._is_open = False
        """One is being written, or nobody has looked yet how that ended; the same on all processes."""
        self._begin: Callable[..., None] | None = None
        """Begins to write, where it is to be in the background."""

    @override
    def setup_environment(self) -> None:
        self._data_parallel_size = self.num_nodes * self.num_processes
        super().setup_environment()

    def save_in_background(self, trainer: Trainer, path: Path, then: Callable[[], None] | None, room: Room) -> None:
        """Begin to write a checkpoint, when the one before is there; `settle` waits for it. A collective.

        Args:
            trainer: Its own.
            path: A directory; Lightning reads what is written there as one of its own sharded checkpoints.
            then: What this process's thread does when all parts are written.
            room: As `BackgroundSaves.start` takes it.
        """
        self.settle()
        self._begin = partial(self.saves.start, then=then, room=room)
        try:
            trainer.save_checkpoint(path, weights_only=False)
        finally:
            self._begin = None

    def settle(self) -> None:
        """Wait until the checkpoint that is being written is there. A collective.

        Raises:
            Exception: What was met with, on the process that did; on the others a fault that says so.
        """
        if self._is_open:
            self._is_open = False
            held = HeldFault()
            with held:
                self.saves.wait()
            held.release()

    def look(self) -> None:
        """End the run if the checkpoint that is being written cannot be; does not wait for it. A collective."""
        if self._is_open and (any_process(self.saves.has_failed) or not any_process(self.saves.is_busy)):
            self.settle()

    @override
    def save_checkpoint(self, checkpoint: dict[str, Any], filepath: Any, storage_options: Any | None = None) -> None:
        path = Path(self.broadcast(filepath))
        state = {"state_dict": checkpoint.pop("state_dict")}
        state |= {f"optimizer_{number}": part for number, part in enumerate(checkpoint.pop("optimizer_states", []))}
        with met_by_all():
            if self.global_rank == 0:
                path.mkdir(parents=True, exist_ok=True)
                whole = BytesIO()  # given a file, torch says of a full disk "unexpected pos 576 vs 534"
                torch.save(checkpoint, whole)
                (path / _METADATA_FILENAME).write_bytes(whole.getbuffer())
        if self._begin is None:
            write_parts(state, path)
            return
        # Of a GPU Lightning has brought copies to the host; on a CPU they are the tensors that training goes on in.
        self._is_open = True
        self._begin(state, path, is_shared=self.root_device.type == "cpu")


StrategyRegistry.register("fsdp2", FSDP2Strategy, description="Sharded data parallel training (fully_shard)")
