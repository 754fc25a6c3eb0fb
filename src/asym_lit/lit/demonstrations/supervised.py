"""Supervised training on a task's demonstrations: how the bundled policy is made, and how any policy gets a warm start."""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.cli import OptimizerCallable
from lightning.pytorch.utilities import rank_zero_info
from torch import Tensor
from typing_extensions import override

from asym_lit.layouts import PaddedTokens
from asym_lit.loggers.run_place import run_folder
from asym_lit.policy.adapter_files import save_adapter
from asym_lit.policy.adapter_trial import add_tried_adapters
from asym_lit.policy.export import save_policy
from asym_lit.policy.loading import Dtype, SmallArchitecture, context_of, load_policy, load_tokenizer, new_policy
from asym_lit.policy.lora import LoRA
from asym_lit.policy.optimizers import Schedule, build_optimizer, learning_rate
from asym_lit.policy.reload_trial import check_reload
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.rollout.demonstrations import IGNORED, DemonstrationBatches
from asym_lit.rollout.rendering import PromptFormat
from asym_lit.run_folder.paths import ADAPTER, EXPORT
from asym_lit.types import DemonstratedTask, InputError, Needs, check_least


class SupervisedModule(LightningModule):
    """Trains a causal language model by next-token likelihood of given responses; prompts are only read.

    Args:
        architecture: Sizes of a new small one over characters.
        policy: Start from this one instead: `bundled`, `smollm2`, a local directory, or a hub id.
        optimizer: Made from the policy's parameters.
        schedule: Of the learning rate, after the warm-up.
        warmup_steps: Steps over which the learning rate rises from 0.
        lora: Train low-rank adapters in place of all weights.
    """

    max_micro_batch_tokens = 1024
    """About what a batch has; threads are tried with so many."""

    def __init__(
        self,
        architecture: SmallArchitecture = SmallArchitecture(),
        policy: str | None = None,
        optimizer: OptimizerCallable = torch.optim.AdamW,
        schedule: Schedule = "cosine",
        warmup_steps: int = 100,
        lora: LoRA | None = None,
    ) -> None:
        super().__init__()
        self.make_optimizer, self.schedule, self.warmup_steps = optimizer, schedule, warmup_steps
        if lora and not policy:
            raise InputError("model.lora is given and model.policy is not: a new policy has nothing to adapt. Name a policy.")
        self.policy, self.lora = policy, lora
        model, self.tokenizer = (load_policy(policy), load_tokenizer(policy)) if policy else new_policy(architecture)
        check_reload(model)  # a policy that reinforcement learning would refuse is not worth training
        self.scorer = TokenScorer(add_tried_adapters(model, lora) if lora else model).train()

    @property
    def policy_config(self) -> Any:
        """Of transformers."""
        return self.model.config

    @property
    def model(self) -> Any:
        """The policy."""
        return self.scorer.model

    @override
    def configure_optimizers(self) -> Any:
        optimizer = build_optimizer(self.make_optimizer, (p for p in self.model.parameters() if p.requires_grad))
        steps = int(self.trainer.estimated_stepping_batches)
        scheduler = learning_rate(optimizer, self.schedule, self.warmup_steps, steps)
        return [optimizer], [{"scheduler": scheduler, "interval": "step"}]

    @override
    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Mean over the learned tokens of the batch; the LM head is asked about no others."""
        ids_BS, targets_BS = batch
        is_learned_BS = targets_BS != IGNORED
        starts_B, lengths_B = is_learned_BS.int().argmax(-1), is_learned_BS.sum(-1)
        mask_BT = torch.arange(int(lengths_B.max()), device=ids_BS.device) < lengths_B[:, None]
        scores = self.scorer(PaddedTokens(ids_BS, starts_B), mask_BT, 1.0, Needs())
        loss: Tensor = -scores.logprobs_BT.sum() / mask_BT.sum()
        self.log("loss/response", loss, prog_bar=True)
        return loss


class DemonstrationDataModule(LightningDataModule):
    """An endless, seeded stream of demonstrations, cut into a run of given length; alike in length within a batch.

    Args:
        task: What is demonstrated.
        steps: Batches of the run.
        batch_size: Demonstrations per batch.
        seed: Of the stream; the run's `seed_everything`.
        prompt_format: How questions are put to the policy, as reinforcement learning will put them.
        lead: Text that responses begin with: a space, behind a prompt that ends in `Answer:`.
        max_tokens: Longer demonstrations are left out; 0 for none.
    """

    def __init__(
        self,
        task: DemonstratedTask,
        steps: int = 1500,
        batch_size: int = 256,
        seed: int = 1,
        prompt_format: PromptFormat = PromptFormat(),
        lead: str = "",
        max_tokens: int = 0,
    ) -> None:
        super().__init__()
        check_least("data.{name}", 1, steps=steps, batch_size=batch_size)
        check_least("data.{name}", 0, max_tokens=max_tokens)
        self.task, self.steps, self.batch_size, self.seed = task, steps, batch_size, seed
        self.prompt_format, self.lead, self.max_tokens = prompt_format, lead, max_tokens

    @override
    def train_dataloader(self) -> DemonstrationBatches:
        assert self.trainer is not None and isinstance(self.trainer.lightning_module, SupervisedModule)
        if self.trainer.world_size > 1:
            raise InputError(
                f"Supervised training runs on one process, not {self.trainer.world_size}; write --trainer.devices 1."
            )
        module = self.trainer.lightning_module
        self.prompt_format.check(module.tokenizer)
        rows = (self.task, module.tokenizer, self.steps, self.batch_size, self.seed)
        return DemonstrationBatches(*rows, self.prompt_format, self.lead, self.max_tokens, context_of(module.model))


class PolicyExport(Callback):
    """Writes the trained policy to `<run folder>/huggingface` at the end of supervised training, and adapters to `adapter`.

    Args:
        adapter_dtype: Of the adapters as they are stored; the merged policy is made of what is stored.
    """

    def __init__(self, adapter_dtype: Dtype = "bfloat16") -> None:
        self.adapter_dtype = adapter_dtype

    @override
    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, SupervisedModule)
        folder = run_folder(trainer)
        if pl_module.lora:
            assert pl_module.policy is not None
            save_adapter(pl_module.model, pl_module.lora, pl_module.policy, folder / ADAPTER, self.adapter_dtype)
            rank_zero_info(f"Adapter {folder / ADAPTER}")
        save_policy(pl_module.model, pl_module.tokenizer, folder / EXPORT, trainer.is_global_zero)
        rank_zero_info(f"Policy  {folder / EXPORT}")
