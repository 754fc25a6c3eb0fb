"""The rollout data module: prompts in, verified rollouts out, at the moment a step needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from lightning.pytorch import LightningDataModule
from typing_extensions import override

from asym_lit.lit.module import PolicyModule
from asym_lit.lit.rollout_maker import RolloutMaker
from asym_lit.policy.loading import context_of, load_tokenizer
from asym_lit.rollout.engine import Engine
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.rollout.prompts import EvaluationLoader, PromptLoader, SlottedPrompts
from asym_lit.types import InputError, Prompt, RolloutBatch, Sampling, Split, Task


class RolloutDataModule(LightningDataModule):
    """Serves prompts, has them answered by an engine and scored, the same way for training and evaluation.

    Rollouts are made in `on_after_batch_transfer`, directly before the step that trains on them, so they are strictly
    on-policy.

    Args:
        task: Where prompts come from.
        sampling: How training rollouts are drawn; `n` is the group size.
        evaluation: How evaluation rollouts are drawn.
        evaluation_tasks: Named evaluation sets; the task itself, under its own name, if empty.
        engine: What writes rollouts.
        rollout_steps: Length of the run in rollout steps.
        prompts_per_step: Prompts of a rollout step, over all processes.
        evaluation_prompts_per_batch: Prompts answered at once in evaluation, over all processes.
        policy: Where the tokenizer is; the model's `policy`.
        seed: Of prompt order and sampling; the run's `seed_everything`.
    """

    def __init__(
        self,
        task: Task,
        sampling: Sampling = Sampling(),
        evaluation: Sampling = Sampling(n=64),
        evaluation_tasks: dict[str, Task] | None = None,
        engine: Engine | None = None,
        rollout_steps: int = 100,
        prompts_per_step: int = 32,
        evaluation_prompts_per_batch: int = 64,
        policy: str = "bundled",
        seed: int = 1,
    ) -> None:
        super().__init__()
        for name, value in (
            ("rollout_steps", rollout_steps),
            ("prompts_per_step", prompts_per_step),
            ("evaluation_prompts_per_batch", evaluation_prompts_per_batch),
        ):
            if value < 1:
                raise InputError(f"data.{name} is {value}; allowed: 1 or more.")
        self.task, self.sampling, self.evaluation = task, sampling, evaluation
        self.evaluation_tasks = evaluation_tasks or {task.name: task}
        self.rollout_steps, self.prompts_per_step = rollout_steps, prompts_per_step
        self.evaluation_prompts_per_batch = evaluation_prompts_per_batch
        self.policy, self.seed = policy, seed
        self.tokenizer = load_tokenizer(policy)
        self.maker = RolloutMaker(engine or HFEngine(), self.tokenizer, policy, seed)
        self.train_loader: PromptLoader | None = None
        self._tokenized: dict[tuple[str, Split], list[Prompt]] = {}

    @property
    def module(self) -> PolicyModule:
        """The module in training."""
        assert self.trainer is not None
        if not isinstance(self.trainer.lightning_module, PolicyModule):
            raise TypeError(
                f"RolloutDataModule feeds a PolicyModule, not a {type(self.trainer.lightning_module).__name__}; "
                "write class_path: asym_lit.lit.PolicyModule under model."
            )
        return self.trainer.lightning_module

    @override
    def setup(self, stage: str) -> None:
        self.maker.engine.check()
        if stage == "fit":
            self.prompts("train", self.task.name, self.task, self.sampling)
        split: Split = "test" if stage in ("test", "predict") else "val"
        for name, task in self.evaluation_tasks.items():
            self.prompts(split, name, task, self.evaluation)

    def prompts(self, split: Split, name: str, task: Task, sampling: Sampling) -> list[Prompt]:
        """A split's prompts, tokenized; made once.

        Raises:
            InputError: If a prompt and its longest response do not fit the policy's context.
        """
        key = (name, split)
        if key not in self._tokenized:
            found = task.prompts(split)
            texts = [prompt.text for prompt in found]
            ids = self.tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []
            self._tokenized[key] = [replace(p, token_ids=tuple(i)) for p, i in zip(found, ids, strict=True)]
            self._check_lengths(name, self._tokenized[key], sampling)
        return self._tokenized[key]

    def _check_lengths(self, name: str, prompts: Sequence[Prompt], sampling: Sampling) -> None:
        context = context_of(self.module.policy_config)
        for prompt in prompts:
            if not prompt.token_ids:
                raise InputError(f"{name}: the prompt {prompt.uid!r} has no tokens; a policy cannot start from nothing.")
            if context and len(prompt.token_ids) + sampling.max_tokens > context:
                raise InputError(
                    f"{name}: the prompt {prompt.uid!r} has {len(prompt.token_ids)} tokens; with max_tokens "
                    f"{sampling.max_tokens} that is more than the policy's context of {context}. Write a max_tokens of at "
                    f"most {max(context - len(prompt.token_ids), 0)}, or leave the prompt out."
                )

    @override
    def train_dataloader(self) -> PromptLoader:
        assert self.trainer is not None
        if self.train_loader is None:
            prompts = self.prompts("train", self.task.name, self.task, self.sampling)
            self.train_loader = PromptLoader(
                prompts,
                self.prompts_per_step,
                self.rollout_steps,
                self.seed,
                self.trainer.global_rank,
                self.trainer.world_size,
            )
        return self.train_loader

    def _evaluation_loaders(self, split: Split) -> list[EvaluationLoader]:
        assert self.trainer is not None
        return [
            EvaluationLoader(
                self.prompts(split, name, task, self.evaluation),
                self.evaluation_prompts_per_batch,
                self.trainer.global_rank,
                self.trainer.world_size,
            )
            for name, task in self.evaluation_tasks.items()
        ]

    @override
    def val_dataloader(self) -> list[EvaluationLoader]:
        return self._evaluation_loaders("val")

    @override
    def test_dataloader(self) -> list[EvaluationLoader]:
        return self._evaluation_loaders("test")

    @override
    def predict_dataloader(self) -> list[EvaluationLoader]:
        return self._evaluation_loaders("test")

    @override
    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        return batch  # prompts are Python objects; tensors are made where they are needed

    @override
    def on_after_batch_transfer(self, batch: SlottedPrompts, dataloader_idx: int) -> RolloutBatch:
        """Prompts become verified rollouts."""
        assert self.trainer is not None
        step = self.module.rollout_step
        if self.trainer.training:
            assert self.train_loader is not None
            made = RolloutBatch([], self.sampling, step, self.task.name)
            self.maker.sync(made, self.module)
            self.maker.fill(made, batch, self.module.objective.group_filter, self.train_loader.draw)
            self.maker.rest(made)
        else:
            made = RolloutBatch([], self.evaluation, step, list(self.evaluation_tasks)[dataloader_idx])
            self.maker.sync(made, self.module)
            self.maker.fill_once(made, batch)
        return made

    @override
    def teardown(self, stage: str) -> None:
        self.maker.close()
