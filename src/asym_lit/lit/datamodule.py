"""The rollout data module: prompts in, verified rollouts out, at the moment a step needs them (`rollout_maker`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningDataModule
from lightning.pytorch.utilities import rank_zero_info
from typing_extensions import override

from asym_lit.command_line.pace import Pace
from asym_lit.lit.distributed import all_lists
from asym_lit.lit.module import PolicyModule
from asym_lit.lit.prompt_sets import account, warn_of_overlap
from asym_lit.lit.rollout_maker import RolloutMaker
from asym_lit.loggers.run_place import run_folder
from asym_lit.policy.loading import BUNDLED, context_of, load_tokenizer
from asym_lit.rollout.ahead import RolloutsAhead
from asym_lit.rollout.curricula import Curriculum
from asym_lit.rollout.curriculum_loader import CurriculumLoader
from asym_lit.rollout.engine import Engine
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.rollout.prompt_sets import PromptSets
from asym_lit.rollout.prompts import EvaluationLoader, PromptLoader, SlottedPrompts
from asym_lit.rollout.rendering import PromptFormat
from asym_lit.rollout.stops import check_stops
from asym_lit.tasks.evaluation_sets import EvaluationSet, evaluation_sets
from asym_lit.tasks.history import read_visits
from asym_lit.types import InputError, Prompt, RolloutBatch, Sampling, Schedule, Split, Task, check_least


class RolloutDataModule(LightningDataModule):
    """Serves prompts, has them answered by an engine and scored, the same way for training and evaluation.

    Rollouts are made in `on_after_batch_transfer`, directly before the step that trains on them, or ahead of it.

    Args:
        task: Where prompts come from.
        sampling: How training rollouts are drawn; `n` is the group size.
        evaluation: How evaluation rollouts are drawn.
        evaluation_tasks: Named evaluation sets: tasks, or an `EvaluationSet` for one with its own `n`, temperature, top-p
            and budgets. The task itself, under its own name, if empty.
        prompt_format: How questions are put to the policy, in training and evaluation: a template, a chat, shots.
        max_prompt_tokens: Longer prompts are left out, counted and listed in the run folder; 0 to leave out none.
        engine: What writes rollouts.
        rollout_steps: Length of the run in rollout steps.
        prompts_per_step: Prompts of a rollout step, over all processes; groups, where a curriculum gives a prompt several.
        evaluation_prompts_per_batch: Prompts answered at once in evaluation, over all processes.
        policy: Where the tokenizer is; None for where the module's `policy` is. Another one than the module's is refused.
        seed: Of prompt order and sampling; the run's `seed_everything`.
        temperature: Of training rollouts, by rollout step; scores are taken at it too. None for that of `sampling`.
        curriculum: Which problems are asked next, and how often, by what the policy has answered; None for all alike.
        lag: Rollout steps by which the weights that write are behind: 0, strictly on-policy, or 1, beside the update.
    """

    def __init__(
        self,
        task: Task,
        sampling: Sampling = Sampling(),
        evaluation: Sampling = Sampling(n=64),
        evaluation_tasks: dict[str, Task | EvaluationSet] | None = None,
        prompt_format: PromptFormat = PromptFormat(),
        max_prompt_tokens: int = 0,
        engine: Engine | None = None,
        rollout_steps: int = 100,
        prompts_per_step: int = 32,
        evaluation_prompts_per_batch: int = 64,
        policy: str | None = None,
        seed: int = 1,
        temperature: Schedule | None = None,
        curriculum: Curriculum | None = None,
        lag: int = 0,
    ) -> None:
        super().__init__()
        check_least("data.{name}", 1, rollout_steps=rollout_steps, prompts_per_step=prompts_per_step)
        check_least("data.{name}", 1, evaluation_prompts_per_batch=evaluation_prompts_per_batch)
        check_least("data.{name}", 0, max_prompt_tokens=max_prompt_tokens)
        self.task, self.sampling, self.evaluation = task, sampling, evaluation
        self.evaluation_sets = evaluation_sets(evaluation_tasks, task)
        self.rollout_steps, self.prompts_per_step, self.curriculum, self.lag = rollout_steps, prompts_per_step, curriculum, lag
        self.evaluation_prompts_per_batch = evaluation_prompts_per_batch
        self.policy, self.seed, self.temperature = policy, seed, temperature
        self.prompt_format, self.max_prompt_tokens, self.engine = prompt_format, max_prompt_tokens, engine or HFEngine()
        self.train_loader: PromptLoader | None = None
        self._evaluated: list[EvaluationLoader] = []
        self._evaluation = Pace("", 0, "problems")
        self._read(policy or BUNDLED)  # stands in until the module is known
        if policy is not None:
            self._check()

    def _read(self, policy: str) -> None:
        """The tokenizer of a policy, and what hangs on it."""
        self.tokenizer, self._read_from = load_tokenizer(policy), policy
        self.prompt_sets = PromptSets(self.tokenizer, self.prompt_format, self.task, self.max_prompt_tokens, self.seed)
        self.maker = RolloutMaker(self.engine, self.tokenizer, policy, self.seed)
        self.ahead = RolloutsAhead(self.maker, self.lag, all_lists)

    def _check(self) -> None:
        self.prompt_format.check(self.tokenizer)
        samplings = {f"data.evaluation_tasks.{k}": one.sampling(self.evaluation) for k, one in self.evaluation_sets.items()}
        check_stops(self.tokenizer, {"data.sampling": self.sampling, "data.evaluation": self.evaluation, **samplings})

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
        assert self.trainer is not None
        trained = self.module.policy
        if self.policy not in (None, trained):
            raise InputError(
                f"RolloutDataModule has the tokenizer of {self.policy!r}, and PolicyModule trains {trained!r}; leave policy "
                "out of the data module, which then takes the module's."
            )
        if self._read_from != trained:
            self._read(trained)
        self._check()
        self.engine.check()
        if stage == "fit":
            self.train_dataloader()  # refused now, not behind the first evaluation
        for name in self.evaluation_sets:
            self.evaluation_prompts(name, "test" if stage in ("test", "predict") else "val")
        account(self.prompt_sets, run_folder(self.trainer))
        warn_of_overlap(self.prompt_sets)

    def training_prompts(self) -> list[Prompt]:
        """The training split, tokenized; made once."""
        return self.prompt_sets.get(self.task.name, "train", self.task, self.sampling, context_of(self.module.policy_config))

    def evaluation_prompts(self, name: str, split: Split) -> list[Prompt]:
        """A split of an evaluation set, tokenized; made once."""
        one = self.evaluation_sets[name]
        return self.prompt_sets.get(name, split, one.task, one.sampling(self.evaluation), context_of(self.module.policy_config))

    @property
    def longest(self) -> int:
        """Tokens of the longest row of the run."""
        return self.prompt_sets.longest

    @override
    def train_dataloader(self) -> PromptLoader:
        if self.train_loader is None:
            drawn = (self.training_prompts(), self.prompts_per_step, self.rollout_steps, self.seed, *self._process)
            if (wanted := self.curriculum) is None:
                self.train_loader = PromptLoader(*drawn)
            else:
                past = read_visits(Path(wanted.start)) if wanted.start else None
                self.train_loader = CurriculumLoader(wanted, self.sampling.n, past, *drawn)
        return self.train_loader

    @property
    def _process(self) -> tuple[int, int]:
        return self.module.trainer.global_rank, self.module.trainer.world_size

    def _evaluation_loaders(self, split: Split) -> list[EvaluationLoader]:
        at_once, sets = self.evaluation_prompts_per_batch, self.evaluation_sets
        self._evaluated = [EvaluationLoader(self.evaluation_prompts(name, split), at_once, *self._process) for name in sets]
        return self._evaluated

    @override
    def val_dataloader(self) -> list[EvaluationLoader]:
        return self._evaluation_loaders("val")

    @override
    def test_dataloader(self) -> list[EvaluationLoader]:
        return self._evaluation_loaders("test")

    predict_dataloader = test_dataloader

    @override
    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        return batch  # prompts are Python objects; tensors are made where they are needed

    @override
    def on_after_batch_transfer(self, batch: SlottedPrompts, dataloader_idx: int) -> RolloutBatch:
        """Prompts become verified rollouts."""
        assert self.trainer is not None
        step, objective = self.module.rollout_step, self.module.objective
        if self.trainer.training:
            assert self.train_loader is not None
            steps = range(step, min(step + 2, self.rollout_steps))
            empty = [RolloutBatch([], self.sampling.at(s, self.temperature), s, self.task.name) for s in steps]
            given = (self.module, self.train_loader, objective.group_filter, objective.rollout_needs.greedy)
            return self.ahead.serve(empty, batch, *given)
        self.ahead.settle()
        name, one = list(self.evaluation_sets.items())[dataloader_idx]
        made = RolloutBatch([], one.sampling(self.evaluation), step, name)
        self.maker.sync(made, self.module)
        self.maker.fill_once(made, batch, self._pace(name, step, dataloader_idx).advance)
        return made

    def _pace(self, name: str, step: int, number: int) -> Pace:
        """How far the evaluation of a set is on this process; the first one tells."""
        what = f"{name} at step {step}"
        if self._evaluation.what != what or self._evaluation.done == self._evaluation.total:
            loader, trainer = self._evaluated[number], self.module.trainer
            at_once = max(self.evaluation_prompts_per_batch // loader.world_size, 1)
            batches = trainer.num_predict_batches if trainer.predicting else trainer.num_val_batches
            batches = trainer.num_test_batches if trainer.testing else batches
            total = min(loader.own, int(batches[number]) * at_once)
            self._evaluation = Pace(what, total, "problems", say=rank_zero_info, together=at_once)
        return self._evaluation

    @override
    def on_exception(self, exception: BaseException) -> None:
        self.ahead.close()  # Lightning tears nothing down after one

    @override
    def teardown(self, stage: str) -> None:
        self.ahead.close()
