"""Supervised training on a task's demonstrations: how the bundled policy is made."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.cli import OptimizerCallable
from lightning.pytorch.utilities import rank_zero_info
from torch import Tensor
from torch.nn.functional import cross_entropy
from typing_extensions import override

from asym_lit.lit.run_place import run_folder
from asym_lit.policy.characters import character_tokenizer
from asym_lit.policy.export import save_policy
from asym_lit.policy.loading import SmallArchitecture, load_policy, load_tokenizer, new_policy
from asym_lit.policy.optimizers import Schedule, build_optimizer
from asym_lit.policy.own_logits import read_head
from asym_lit.policy.reload_trial import check_reload
from asym_lit.run_folder.paths import EXPORT
from asym_lit.types import DemonstratedTask, InputError, Prompt

IGNORED = -100
POOL = 16
"""Batches are cut from this many batches' worth of demonstrations sorted by length: a third less padding to compute."""


class SupervisedModule(LightningModule):
    """Trains a causal language model by next-token likelihood of given responses.

    Args:
        architecture: Sizes of a new small one over characters.
        policy: Start from this one instead: `bundled`, a local directory, or a hub id.
        optimizer: Made from the policy's parameters.
        schedule: Of the learning rate, after the warm-up.
        warmup_steps: Steps over which the learning rate rises from 0.
    """

    def __init__(
        self,
        architecture: SmallArchitecture = SmallArchitecture(),
        policy: str | None = None,
        optimizer: OptimizerCallable = torch.optim.AdamW,
        schedule: Schedule = "cosine",
        warmup_steps: int = 100,
    ) -> None:
        super().__init__()
        self.make_optimizer, self.schedule, self.warmup_steps = optimizer, schedule, warmup_steps
        self.model, self.tokenizer = (load_policy(policy), load_tokenizer(policy)) if policy else new_policy(architecture)
        read_head(self.model)  # a policy that reinforcement learning would refuse is not worth training

    @override
    def configure_optimizers(self) -> Any:
        from transformers import get_scheduler

        optimizer = build_optimizer(self.make_optimizer, self.model.parameters())
        name = self.schedule if self.schedule != "constant" else "constant_with_warmup"
        steps = int(self.trainer.estimated_stepping_batches)
        scheduler = get_scheduler(name, optimizer, self.warmup_steps, steps)
        return [optimizer], [{"scheduler": scheduler, "interval": "step"}]

    @override
    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        ids_BS, targets_BS = batch
        logits_BSV = self.model(input_ids=ids_BS[:, :-1], use_cache=False).logits
        loss = cross_entropy(logits_BSV.flatten(0, 1).float(), targets_BS[:, 1:].flatten(), ignore_index=IGNORED)
        self.log("loss/response", loss, prog_bar=True)
        return loss


class DemonstrationDataModule(LightningDataModule):
    """An endless, seeded stream of demonstrations, cut into a run of given length; alike in length within a batch.

    Args:
        task: What is demonstrated.
        steps: Batches of the run.
        batch_size: Demonstrations per batch.
        seed: Of the stream; the run's `seed_everything`.
    """

    def __init__(self, task: DemonstratedTask, steps: int = 1500, batch_size: int = 256, seed: int = 1) -> None:
        super().__init__()
        self.task, self.steps, self.batch_size, self.seed = task, steps, batch_size, seed

    @override
    def train_dataloader(self) -> _Batches:
        assert self.trainer is not None
        if self.trainer.world_size > 1:
            raise InputError(
                f"Supervised training runs on one process, not {self.trainer.world_size}; write --trainer.devices 1."
            )
        return _Batches(self)


class _Batches:
    def __init__(self, data: DemonstrationDataModule) -> None:
        self.data = data
        self.tokenizer = character_tokenizer(0)

    def __len__(self) -> int:
        return self.data.steps

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for first in range(0, self.data.steps, POOL):
            yield from self.pool(first, min(POOL, self.data.steps - first))

    def pool(self, first: int, count: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches from `first` on: their demonstrations by length, their order drawn."""
        size = self.data.batch_size
        shown = [self.data.task.demonstration(self.data.seed, i) for i in range(first * size, (first + count) * size)]
        shown.sort(key=lambda pair: len(pair[0].text) + len(pair[1]))
        for place in random.Random(f"pool/{self.data.seed}/{first}").sample(range(count), count):
            yield self.batch(shown[place * size : (place + 1) * size])

    def batch(self, shown: Sequence[tuple[Prompt, str]]) -> tuple[Tensor, Tensor]:
        """Token ids and targets, both [B, S]; targets are IGNORED on prompts and padding."""
        prompts = self.tokenizer([prompt.text for prompt, _ in shown])["input_ids"]
        responses = [[*ids, self.tokenizer.eos_token_id] for ids in self.tokenizer([r for _, r in shown])["input_ids"]]
        width = max(len(p) + len(r) for p, r in zip(prompts, responses, strict=True))
        ids = torch.full((len(shown), width), self.tokenizer.pad_token_id)
        targets = torch.full((len(shown), width), IGNORED)
        for i, (prompt, response) in enumerate(zip(prompts, responses, strict=True)):
            ids[i, : len(prompt) + len(response)] = torch.tensor(prompt + response)
            targets[i, len(prompt) : len(prompt) + len(response)] = torch.tensor(response)
        return ids, targets


class PolicyExport(Callback):
    """Writes the trained policy to `<run folder>/huggingface` at the end of supervised training."""

    @override
    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, SupervisedModule)
        check_reload(pl_module.model)

    @override
    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, SupervisedModule)
        folder = run_folder(trainer) / EXPORT
        save_policy(pl_module.model, pl_module.tokenizer, folder, trainer.is_global_zero)
        rank_zero_info(f"Policy  {folder}")
