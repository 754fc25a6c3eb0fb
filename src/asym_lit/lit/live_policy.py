"""The policy module as others see it: engine keeper, data module, callbacks. How it learns is in `module.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor
from typing_extensions import override

from asym_lit.lit.rollout_source import RolloutSource, source_of
from asym_lit.lit.strategy import FSDP2Strategy
from asym_lit.loggers import adapters_of
from asym_lit.policy.export import named_weights
from asym_lit.policy.loading import Dtype, load_policy
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.types import RolloutBatch


class LivePolicyModule(LightningModule):
    """A policy on the trainer's devices, with what is asked of it between two steps; evaluations need nothing more."""

    policy: str
    """As it was named."""
    dtype_name: Dtype
    """Of the weights."""
    attn_implementation: str | None
    """Of the policy, by transformers' name; None for its choice."""
    policy_config: Any
    """Of transformers."""
    scorer: TokenScorer
    """The policy itself."""
    points: dict[int, dict[str, float]]
    """By rollout step, what loggers have not been given yet."""

    @property
    def datamodule(self) -> RolloutSource:
        """What feeds this module."""
        return source_of(self.trainer)

    @property
    def policy_version(self) -> int:
        """Optimizer steps behind the weights."""
        return self.trainer.global_step

    @property
    def is_sharded(self) -> bool:
        """True if no rank holds the whole policy."""
        return isinstance(self.trainer.strategy, FSDP2Strategy)

    @property
    def live_model(self) -> Any:
        """The model itself, where this process holds all of it."""
        return None if self.is_sharded else self.scorer.model

    @property
    def processes(self) -> int:
        """How many train together, by the trainer's word."""
        return self.trainer.world_size

    @property
    def weight_dtype(self) -> torch.dtype:
        """Of the policy's weights."""
        return getattr(torch, self.dtype_name)

    @property
    def longest(self) -> int:
        """Tokens of the longest row of the run."""
        return self.datamodule.longest

    def untrained(self) -> Any:
        """The policy before training, loaded anew."""
        return load_policy(self.policy, self.dtype_name, self.longest, self.attn_implementation)  # type: ignore[arg-type]

    def named_weights(self) -> Iterator[tuple[str, Tensor]]:
        """The policy's weights under their Hugging Face names, gathered; a collective."""
        return named_weights(self.scorer.model)

    def log_metrics(self, metrics: dict[str, float], step: int, prog_bar: tuple[str, ...] = ()) -> None:
        """Log numbers that are the same on all processes, at a rollout step; loggers get them when it ends."""
        for name, value in metrics.items():
            self.log(name, value, prog_bar=name in prog_bar, logger=False, rank_zero_only=False, batch_size=1)
        self.points.setdefault(step, {}).update(metrics)

    def write_points(self) -> None:
        """Give loggers what was logged. Lightning would behind the step's checkpoint: a run killed between loses it."""
        every = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        due = {step: metrics for step, metrics in self.points.items() if every and (step + 1) % every == 0}
        self.points.clear()
        for one in adapters_of(self.trainer):
            for step, metrics in due.items():
                one.write_metrics(metrics, step)

    @override
    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        self.write_points()

    @override
    def validation_step(self, batch: RolloutBatch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Nothing to compute: callbacks read the verified rollouts."""

    test_step = validation_step

    @override
    def predict_step(self, batch: RolloutBatch, batch_idx: int, dataloader_idx: int = 0) -> int:
        """How many rollouts were made; `Transcript` writes them."""
        return len(batch.rollouts)
