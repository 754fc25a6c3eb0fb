"""Callbacks that end the run they are in, most of them at the worst moments."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from pathlib import Path

from lightning.pytorch import Callback


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class KillBeforeOptimizerStep(Callback):
    """Between two inner mini-batches, if the number is even and there are two of them a step."""

    def __init__(self, number: int) -> None:
        self.left = number

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        self.left -= 1
        if self.left == 0:
            _die()


class KillInEvaluation(Callback):
    """At the beginning of the number-th evaluation of training; the one before it does not count."""

    def __init__(self, number: int) -> None:
        self.left = number

    def on_validation_start(self, trainer, pl_module):
        self.left -= not trainer.sanity_checking
        if self.left == 0:
            _die()


class Interrupt(Callback):
    """As Ctrl-C does, before the number-th step."""

    def __init__(self, number: int) -> None:
        self.left = number

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.left -= 1
        if self.left == 0:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are born deaf to it
            os.kill(os.getpid(), signal.SIGINT)


class Stop(Callback):
    """Asks Lightning to end the run behind the number-th step, as its `Timer` does."""

    def __init__(self, number: int) -> None:
        self.left = number

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.left -= 1
        trainer.should_stop = self.left == 0


class KillInCheckpoint(Callback):
    """While the number-th checkpoint is written: the state file is there, cut in half, the rest is not."""

    def __init__(self, number: int) -> None:
        self.left = number

    def setup(self, trainer, pl_module, stage):
        write = trainer.strategy.save_checkpoint

        def save(checkpoint, path):
            write(checkpoint, path)
            self.left -= 1
            if self.left == 0:
                with Path(path).open("r+b") as file:
                    file.truncate(Path(path).stat().st_size // 2)
                _die()

        trainer.strategy.save_checkpoint = save


class KillWhenTold(Callback):
    """Before the first update of a rollout step, with the study that started the run, if a file says so.

    Its lines are names of an arm and a step; each is obeyed once.
    """

    def __init__(self, orders: str) -> None:
        self.orders = Path(orders)

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        orders = self.orders.read_text().splitlines() if self.orders.exists() else []
        mine = f"{trainer.logger.name} {pl_module.rollout_step}"
        if mine in orders:
            self.orders.write_text("\n".join(order for order in orders if order != mine))
            os.kill(os.getppid(), signal.SIGKILL)
            _die()


class Signal(Callback):
    """Sends this process a signal, at the n-th of the named moments."""

    def __init__(
        self, number: int, name: str = "SIGTERM", moment: str = "on_train_batch_start", times: int = 1, pause: float = 0
    ) -> None:
        self.left, self.signal, self.moment, self.times, self.pause = number, signal.Signals[name], moment, times, pause

    def _now(self, moment: str) -> None:
        if moment == self.moment:
            self.left -= 1
            for _ in range(self.times if self.left == 0 else 0):
                os.kill(os.getpid(), self.signal)
                time.sleep(self.pause)

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self._now("on_train_batch_start")

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        self._now("on_before_optimizer_step")

    def on_validation_batch_start(self, trainer, pl_module, batch, batch_idx, dataloader_idx=0):
        if not trainer.sanity_checking:
            self._now("on_validation_batch_start")


class FullDisk(Callback):
    """Leaves no room for the checkpoint of a step, until an older one is gone; of several processes, for one.

    Where checkpoints are sharded it is the process's own part that has no room.
    """

    def __init__(self, number: int, rank: int = 0) -> None:
        self.step, self.rank = number, rank

    def setup(self, trainer, pl_module, stage):
        if trainer.global_rank != self.rank:
            return
        owner, name = trainer.strategy.checkpoint_io, "save_checkpoint"
        if type(trainer.strategy).__name__ == "FSDP2Strategy":
            from torch.distributed.checkpoint import FileSystemWriter as owner  # noqa: N813

            name = "write_data"
        write = getattr(owner, name)

        def save(*args, **kwargs):
            if trainer.lightning_module.rollout_step == self.step:
                self.step = 0
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(*args, **kwargs)

        setattr(owner, name, save)


class Fell(Callback):
    """One process of several is killed or stopped, once, at a moment of a step; what `held` names makes the others late for it.

    Args:
        rank: Of the process.
        signal_name: What it gets.
        moment: `update`, `generate`, `verify`, `evaluate` or `checkpoint`.
        step: Rollout steps made before.
        once: A file that says that it has been done, for a run that is started again.
        held: Seconds that another process then takes before it meets the others.
    """

    def __init__(
        self, rank: int, signal_name: str, moment: str, step: int = 2, once: str | None = None, held: float = 0.0
    ) -> None:
        self.rank, self.signal, self.moment, self.step = rank, signal.Signals[signal_name], moment, step
        self.once, self.held = Path(once) if once else None, held

    def _now(self, moment: str) -> None:
        trainer = self.trainer
        if moment != self.moment or trainer.sanity_checking or trainer.lightning_module.rollout_step < self.step:
            return
        if self.once is not None and self.once.exists():
            return
        if trainer.global_rank != self.rank:
            time.sleep(self.held)
            self.held = 0.0
            return
        if self.once is not None:
            self.once.touch()
        print(f"felled at {time.time():.3f}", file=sys.stderr, flush=True)  # noqa: T201
        os.kill(os.getpid(), self.signal)
        time.sleep(600)  # a signal that stops a process may take a moment

    def _before(self, owner, name: str, moment: str) -> None:
        whole = getattr(owner, name)

        def first(*args, **kwargs):
            self._now(moment)
            return whole(*args, **kwargs)

        setattr(owner, name, first)

    def setup(self, trainer, pl_module, stage):
        self.trainer = trainer
        maker = trainer.datamodule.maker
        self._before(maker.engine, "generate", "generate")
        self._before(maker.scorer, "submit", "verify")
        self._before(trainer.strategy, "save_checkpoint", "checkpoint")

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        self._now("update")

    def on_validation_batch_start(self, trainer, pl_module, batch, batch_idx, dataloader_idx=0):
        self._now("evaluate")
