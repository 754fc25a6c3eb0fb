"""The rollout data module: prompts in, verified rollouts out, at the moment a step needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

import torch
from lightning.pytorch import LightningDataModule
from typing_extensions import override

from asym_lit.lit.distributed import all_lists, world_size
from asym_lit.policy.loading import context_of, load_tokenizer, locate
from asym_lit.rollout.engine import Engine, EngineHost, Request, request_seed
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.rollout.prompts import EvaluationLoader, PromptLoader, SlottedPrompts
from asym_lit.types import InputError, Prompt, Rollout, RolloutBatch, Sampling, Split, Task

if TYPE_CHECKING:
    from asym_lit.lit.module import PolicyModule


class Scorer(Protocol):
    """Fills in verdicts and rewards; `VerifierReward` provides it."""

    def __call__(self, rollouts: Sequence[Rollout]) -> None:
        """Verdict and reward of each rollout, in place."""
        ...


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
        self.engine: Engine = engine or HFEngine()
        self.rollout_steps, self.prompts_per_step = rollout_steps, prompts_per_step
        self.evaluation_prompts_per_batch = evaluation_prompts_per_batch
        self.policy, self.seed = policy, seed
        self.tokenizer = load_tokenizer(policy)
        self.score: Scorer | None = None
        self.train_loader: PromptLoader | None = None
        self._tokenized: dict[tuple[str, Split], list[Prompt]] = {}
        self._started = False

    @property
    def module(self) -> PolicyModule:
        """The module in training."""
        from asym_lit.lit.module import PolicyModule

        assert self.trainer is not None
        if not isinstance(self.trainer.lightning_module, PolicyModule):
            raise TypeError(
                f"RolloutDataModule feeds a PolicyModule, not a {type(self.trainer.lightning_module).__name__}; "
                "write class_path: asym_lit.lit.PolicyModule under model."
            )
        return self.trainer.lightning_module

    @override
    def setup(self, stage: str) -> None:
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
            made = RolloutBatch([], self.sampling, step, self.task.name)
            self._sync(made)
            self._fill(made, batch)
        else:
            made = RolloutBatch([], self.evaluation, step, list(self.evaluation_tasks)[dataloader_idx])
            self._sync(made)
            # Not by step: evaluations before and after training then share their random numbers.
            made.rollouts = [r for group in self._answer(made, batch, "evaluation", 0) for r in group]
            made.kept = [True] * len(made.groups)
        return made

    def _fill(self, made: RolloutBatch, batch: SlottedPrompts) -> None:
        """A training batch, with groups that the objective's filter drops drawn anew, within its bound."""
        assert self.train_loader is not None
        keep = self.module.objective.group_filter
        groups: dict[int, list[Rollout]] = {}
        pending, kept = batch, dict.fromkeys((slot for slot, _ in batch), False)
        for draw in range(keep.max_draws):
            for group in self._answer(made, pending, f"train/{draw}", made.step):
                made.discarded += groups.get(group[0].slot, [])
                groups[group[0].slot] = group
                kept[group[0].slot] = _passes(keep, group)
            dropped = sorted(all_lists([slot for slot, passes in kept.items() if not passes]))
            if not dropped or draw + 1 == keep.max_draws:
                break
            replacements = zip(dropped, self.train_loader.draw(len(dropped)), strict=True)
            pending = [(slot, prompt) for slot, prompt in replacements if slot in kept]
        made.rollouts = [rollout for slot in sorted(groups) for rollout in groups[slot]]
        made.kept = [kept[slot] for slot in sorted(groups)]

    def _answer(self, made: RolloutBatch, prompts: SlottedPrompts, stage: str, step: int) -> list[list[Rollout]]:
        assert self.score is not None
        seeds = [request_seed(self.seed, stage, step, slot, prompt.uid) for slot, prompt in prompts]
        requests = [Request(prompt, slot, seed) for (slot, prompt), seed in zip(prompts, seeds, strict=True)]
        groups, clock = [], perf_counter()
        for group in self.engine.generate(requests, made.sampling):
            texts = self.tokenizer.batch_decode([r.token_ids for r in group], skip_special_tokens=True)
            for rollout, text in zip(group, texts, strict=True):
                rollout.text = text
            clock = made.spend("generate", clock)
            self.score(group)
            clock = made.spend("verify", clock)
            groups.append(group)
        made.drawn += len(groups)
        return groups

    def _sync(self, made: RolloutBatch) -> None:
        """Start the engine if need be, and give it the policy's weights if they have moved."""
        clock = perf_counter()
        if not self._started:
            self._start_engine()
        if self.engine.version != self.module.policy_version:
            self.engine.sync(self.module.named_weights(), self.module.policy_version)
        made.spend("sync", clock)

    def _start_engine(self) -> None:
        """Lazily, so that the process group of the strategy stands before an engine could make its own."""
        assert self.trainer is not None
        if world_size() != self.trainer.world_size:
            raise RuntimeError(
                f"The process group has {world_size()} members, the trainer {self.trainer.world_size}; something made a "
                "process group before the strategy did. Start engines through data.engine only."
            )
        module = self.module
        stop_ids = {self.tokenizer.eos_token_id}
        configured = module.policy_config.eos_token_id
        stop_ids |= set(configured if isinstance(configured, list) else [configured]) - {None}
        pad = self.tokenizer.pad_token_id
        host = EngineHost(
            policy=locate(self.policy),
            live_model=None if module.is_sharded else module.scorer.model,
            device=module.device,
            dtype=module.weight_dtype,
            stop_token_ids=frozenset(stop_ids),
            pad_token_id=self.tokenizer.eos_token_id if pad is None else pad,
        )
        self.engine.start(host)
        self._started = True

    @override
    def teardown(self, stage: str) -> None:
        if self._started:
            self.engine.close()
            self.engine.version = -1
            self._started = False


def _passes(keep: Any, group: list[Rollout]) -> bool:
    correct = torch.tensor([[r.verdict is not None and r.verdict.outcome == "correct" for r in group]])
    valid = torch.tensor([[r.reward is not None for r in group]])
    return bool(keep(correct, valid)[0])
