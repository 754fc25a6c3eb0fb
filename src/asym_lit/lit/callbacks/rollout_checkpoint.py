"""Checkpoints on rollout steps: a Lightning checkpoint to resume, a Hugging Face directory to use.

The best one: `best_checkpoint`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_info
from typing_extensions import override

from asym_lit.lit.callbacks.policy_checkpoint import PolicyCheckpoint
from asym_lit.lit.interruption import INTERRUPTION
from asym_lit.lit.last_words import last_words
from asym_lit.lit.module import PolicyModule
from asym_lit.lit.stopping import ends_all
from asym_lit.loggers import adapters_of
from asym_lit.run_folder.paths import CHECKPOINTS
from asym_lit.types import InputError


class RolloutCheckpoint(PolicyCheckpoint):
    """Writes `<run folder>/checkpoints/step_000040/{lightning.ckpt, huggingface/}`.

    A checkpoint is written under another name and renamed when it is whole, so a run killed at any moment leaves none
    that is half-written. Steps count rollout steps; Lightning's `ModelCheckpoint` counts optimizer steps.

    A step is saved before it is evaluated, so that whatever happens in the evaluation costs no training; a run that goes on
    from there makes the evaluation first, perhaps again.

    Ctrl-C, SIGTERM and SIGUSR1 finish the step at hand, or drop it where its responses are still being written, and save. What
    else ends a run between two steps has the last one saved as well, be it a fault of one process among several.

    Args:
        every_n_steps: Rollout steps between checkpoints; the last step always gets one, and so does one at which a
            callback stops the run.
        keep: How many to keep, the newest; 0 keeps all.
    """

    def __init__(self, every_n_steps: int = 50, keep: int = 2) -> None:
        if every_n_steps < 1:
            raise InputError(f"every_n_steps is {every_n_steps}; allowed: 1 or more.")
        super().__init__(CHECKPOINTS, keep)
        self.every_n_steps = every_n_steps
        self._owes_evaluation = self._begun = False

    @override
    def on_sanity_check_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        INTERRUPTION.listen()  # not before: Lightning takes signals itself first, and would put ours back at the end

    @override
    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        INTERRUPTION.ignore()

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        INTERRUPTION.listen()
        self._begun = True  # a checkpoint that is gone on with is restored; before, weights are those of no step
        super().on_train_start(trainer, pl_module)
        assert isinstance(pl_module, PolicyModule)
        made = pl_module.rollout_step == pl_module.datamodule.rollout_steps  # nothing is left but to measure and report it
        evaluates = trainer.enable_validation and (self._owes_evaluation or made)
        for one in adapters_of(trainer) if pl_module.rollout_step else ():
            if said := one.go_back(pl_module.rollout_step, not evaluates):
                rank_zero_info(said)
        if evaluates:  # Lightning would go on with the next step
            evaluation = trainer.fit_loop.epoch_loop.val_loop
            evaluation.restarting = False  # from its beginning, however far it had come
            trainer.validating = True
            evaluation.run()
            trainer.training = True

    @override
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        super().on_train_batch_end(trainer, pl_module)
        assert isinstance(pl_module, PolicyModule)
        last = pl_module.rollout_step == pl_module.datamodule.rollout_steps
        if pl_module.rollout_step % self.every_n_steps == 0 or last or trainer.should_stop:
            self._owes_evaluation = _evaluation_follows(trainer)
            self.save(trainer, pl_module)
        if last or trainer.should_stop:
            self.settle(trainer)
        if not last:
            INTERRUPTION.check(pl_module.rollout_step)

    @override
    def on_validation_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any, **__: Any) -> None:
        assert isinstance(pl_module, PolicyModule)
        if trainer.state.fn == "fit":
            INTERRUPTION.check(pl_module.rollout_step)

    @override
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save a policy whose evaluation made a callback stop the run."""
        assert isinstance(pl_module, PolicyModule)
        if trainer.state.fn == "fit" and trainer.should_stop:
            self.settle(trainer)
            if not self.path(pl_module).exists():
                self._owes_evaluation = False
                self.save(trainer, pl_module)
                self.settle(trainer)

    @override
    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Save what the finished steps have taught, if every process stops here and none is in the middle of an update."""
        assert isinstance(pl_module, PolicyModule)
        try:
            self._save_last(trainer, pl_module, exception)
        finally:
            INTERRUPTION.ignore()  # not before: what started this process may pass on the signal while it saves

    def _save_last(self, trainer: Trainer, pl_module: PolicyModule, exception: BaseException) -> None:
        if not ends_all(exception) or not self._begun or pl_module.steps.under_way or not pl_module.rollout_step:
            return
        data = pl_module.datamodule
        if data.train_loader is not None and data.train_loader.served > pl_module.rollout_step:
            data.ahead.take_back(data.train_loader)
        self.settle(trainer)
        if not self.path(pl_module).exists():
            self._owes_evaluation = trainer.validating
            self.save(trainer, pl_module)
            self.settle(trainer)
        say_saved(trainer, self.path(pl_module))

    @override
    def state_dict(self) -> dict[str, Any]:
        return {"owes_evaluation": self._owes_evaluation}

    @override
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        self._owes_evaluation = state_dict["owes_evaluation"]


def say_saved(trainer: Trainer, checkpoint: Path) -> None:
    """Where the last finished step is, and how to go on from it."""
    if trainer.is_global_zero:
        console = last_words(trainer, stderr=True)
        console.print(f"Saved           {checkpoint}", highlight=False, markup=False, soft_wrap=True)
        console.print(f"To go on        --ckpt_path {checkpoint.parents[1]}", highlight=False, markup=False, soft_wrap=True)


def _evaluation_follows(trainer: Trainer) -> bool:
    """Whether the step just made is evaluated next; Lightning's own decision, which counts steps, epochs or minutes."""
    loop = trainer.fit_loop
    assert loop._data_fetcher is not None
    return loop.epoch_loop._should_check_val_fx(loop._data_fetcher)
