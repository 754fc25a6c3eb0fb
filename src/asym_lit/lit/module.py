"""The policy module: a policy and its frozen reference, trained on rollouts by an objective it knows nothing about."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from time import perf_counter
from typing import Any, Literal, Protocol, runtime_checkable

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.cli import OptimizerCallable
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor
from torch.distributed.tensor import DTensor
from typing_extensions import override

from asym_lit.lit.distributed import mean_over_processes, world_size
from asym_lit.lit.evaluation_sets import EvaluationSet
from asym_lit.lit.learning import RolloutLearner
from asym_lit.lit.rollout_maker import RolloutMaker
from asym_lit.lit.strategy import FSDP2Strategy, shard
from asym_lit.lit.updates import plan_bystanders, plan_updates
from asym_lit.objectives.objective import Objective, check_group_size
from asym_lit.policy.export import named_weights
from asym_lit.policy.loading import Dtype, architecture_of, load_config, load_policy
from asym_lit.policy.lora import AdapterOff, LoRA, add_adapters
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.types import InputError, Needs, RolloutBatch, Sampling

Schedule = Literal["constant", "linear", "cosine"]


MAX_BAD_UPDATES = 10
"""Updates in a row with a gradient that is not finite before the run stops; single ones are skipped and counted."""


@runtime_checkable
class RolloutSource(Protocol):
    """What a policy module asks of the data module that feeds it."""

    sampling: Sampling
    evaluation: Sampling
    evaluation_sets: dict[str, EvaluationSet]
    rollout_steps: int
    prompts_per_step: int
    seed: int
    tokenizer: Any
    maker: RolloutMaker


class PolicyModule(LightningModule):
    """Trains a causal language model on the rollouts of a `RolloutDataModule`.

    A step scores the rollouts with the weights that wrote them, estimates advantages on whole groups, then makes
    `inner_epochs * mini_batches` optimizer steps. The loss of each is a sum over global counts: it does not depend on
    the micro-batch size or on the number of processes.

    Args:
        objective: What is optimised; see `asym_lit.objectives`.
        policy: `bundled`, a local Hugging Face directory, or a hub id. Also the frozen reference.
        optimizer: Made from the policy's parameters.
        schedule: Of the learning rate, after the warm-up, over all optimizer steps of the run.
        warmup_steps: Optimizer steps over which the learning rate rises from 0.
        inner_epochs: Passes over the rollouts of a step.
        mini_batches: Optimizer steps per pass.
        max_micro_batch_tokens: Tokens (prompts, responses, padding) scored at once.
        max_grad_norm: Gradients are scaled down to this norm; 0 switches it off.
        dtype: Of the weights.
        compute_dtype: Of gathered weights under fsdp2; None for `dtype`.
        gradient_checkpointing: Recompute activations in the backward pass: less memory, more time.
        lora: Train low-rank adapters in place of all weights; the reference is then the policy without them.
    """

    def __init__(
        self,
        objective: Objective,
        policy: str = "bundled",
        optimizer: OptimizerCallable = torch.optim.AdamW,
        schedule: Schedule = "constant",
        warmup_steps: int = 0,
        inner_epochs: int = 1,
        mini_batches: int = 1,
        max_micro_batch_tokens: int = 16384,
        max_grad_norm: float = 1.0,
        dtype: Dtype = "float32",
        compute_dtype: Dtype | None = None,
        gradient_checkpointing: bool = False,
        lora: LoRA | None = None,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        for name, value, least in (
            ("inner_epochs", inner_epochs, 1),
            ("mini_batches", mini_batches, 1),
            ("max_micro_batch_tokens", max_micro_batch_tokens, 1),
            ("warmup_steps", warmup_steps, 0),
            ("max_grad_norm", max_grad_norm, 0),
        ):
            if value < least:
                raise InputError(f"model.{name} is {value}; allowed: {least} or more.")
        self.policy, self.objective, self.make_optimizer = policy, objective, optimizer
        self.schedule, self.warmup_steps = schedule, warmup_steps
        self.inner_epochs, self.mini_batches = inner_epochs, mini_batches
        self.max_micro_batch_tokens, self.max_grad_norm = max_micro_batch_tokens, max_grad_norm
        self.dtype_name, self.compute_dtype_name = dtype, compute_dtype or dtype
        self.gradient_checkpointing, self.lora = gradient_checkpointing, lora
        self.rollout_step = 0
        self.diagnostics = Needs()
        self._bad_updates = 0
        self.policy_config = load_config(policy)
        self._reference: list[TokenScorer | AdapterOff] = []  # in a list, so that it is no submodule: checkpoints leave it out

    @property
    def datamodule(self) -> RolloutSource:
        """What feeds this module."""
        found = getattr(self.trainer, "datamodule", None)
        if not isinstance(found, RolloutSource):
            raise TypeError(
                f"PolicyModule is fed by a RolloutDataModule, not a {type(found).__name__}; "
                "write class_path: asym_lit.lit.RolloutDataModule under data."
            )
        return found

    @property
    def policy_version(self) -> int:
        """Optimizer steps behind the weights."""
        return self.trainer.global_step

    @property
    def is_sharded(self) -> bool:
        """True if no rank holds the whole policy."""
        return isinstance(self.trainer.strategy, FSDP2Strategy)

    @property
    def weight_dtype(self) -> torch.dtype:
        """Of the policy's weights."""
        dtype: torch.dtype = getattr(torch, self.dtype_name)
        return dtype

    @property
    def needs(self) -> Needs:
        """What is computed once per rollout step: for the objective and for diagnostics."""
        return self.objective.rollout_needs | self.diagnostics

    def request(self, needs: Needs) -> None:
        """Ask for scores beyond the objective's at rollout time; for callbacks, in `setup`."""
        self.diagnostics |= needs

    @override
    def setup(self, stage: str) -> None:
        if self.datamodule.maker.scorer is None:  # callbacks are set up before modules
            raise InputError("Nothing scores the rollouts; add the VerifierReward callback to trainer.callbacks.")
        if stage == "fit":
            check_group_size(self.objective, self.datamodule.sampling.n)
            if self.datamodule.sampling.filters:
                rank_zero_warn(
                    f"data.sampling has top_p {self.datamodule.sampling.top_p} and top_k {self.datamodule.sampling.top_k}: "
                    "rollouts then come from a cut distribution, while importance ratios and log-probs are of the whole one, "
                    "so the gradient is biased. Write top_p: 1 and top_k: 0 for training; evaluation may filter."
                )

    @override
    def configure_model(self) -> None:
        if hasattr(self, "scorer"):
            return
        self.scorer = self._load()
        if self.gradient_checkpointing:
            self.scorer.model.gradient_checkpointing_enable()
        if self.needs.reference and self.trainer.state.fn == TrainerFn.FITTING:
            self._reference = [AdapterOff(self.scorer) if self.lora else self._load().requires_grad_(False).eval()]

    def _load(self) -> TokenScorer:
        model = load_policy(self.policy, self.dtype_name)  # type: ignore[arg-type]
        scorer = TokenScorer(add_adapters(model, self.lora) if self.lora else model)
        if self.is_sharded:
            assert self.device_mesh is not None
            shard(scorer, self.device_mesh["data_parallel"], getattr(torch, self.compute_dtype_name))
        return scorer

    @override
    def on_fit_start(self) -> None:
        for scorer in self._reference:
            scorer.to(self.device)  # Lightning does not see it, so it does not move it
        self.scorer.train()

    @override
    def configure_optimizers(self) -> Any:
        from transformers import get_scheduler

        optimizer = self.make_optimizer(p for p in self.scorer.parameters() if p.requires_grad)
        total = self.datamodule.rollout_steps * self.inner_epochs * self.mini_batches
        name = self.schedule if self.schedule != "constant" else "constant_with_warmup"
        return [optimizer], [get_scheduler(name, optimizer, self.warmup_steps, total)]

    def named_weights(self) -> Iterator[tuple[str, Tensor]]:
        """The policy's weights under their Hugging Face names, gathered; a collective."""
        return named_weights(self.scorer.model)

    @override
    def training_step(self, batch: RolloutBatch, batch_idx: int) -> None:
        clock = perf_counter()
        data, reference = self.datamodule, self._reference[0] if self._reference else None
        objective = self.objective.at(self.rollout_step)
        plan = plan_updates(
            batch, self.mini_batches, data.prompts_per_step, data.seed, self.max_micro_batch_tokens, objective.rollout_filter
        )
        watched = None  # a policy looks surer if one asks about its right answers only
        if self.diagnostics != Needs():
            watched = plan_bystanders(batch, self.max_micro_batch_tokens, objective.rollout_filter)
        learner = RolloutLearner(self.scorer, reference, objective, self.needs, batch, plan, watched)
        learner.score()
        learner.estimate()
        clock = batch.spend("score", clock)
        sums: dict[str, tuple[float, float]] = {}
        for number in list(range(self.mini_batches)) * self.inner_epochs:
            for name, (total, count) in self._update(learner, number).items():
                before = sums.get(name, (0.0, 0.0))
                sums[name] = (before[0] + total, before[1] + count)
        self.rollout_step += 1
        batch.spend("update", clock)
        self.log_metrics(mean_over_processes(sums), batch.step)

    def _update(self, learner: RolloutLearner, number: int) -> dict[str, tuple[float, float]]:
        """One optimizer step; returns (sum, count) by metric, to be added up over the processes."""
        counts, ranks = learner.plan[number].counts, world_size()
        if not counts.tokens:
            return {"update/skipped": (1.0, 1.0)}
        optimizer: Any = self.optimizers()
        optimizer.zero_grad()
        sums = learner.accumulate(number, self.manual_backward)
        norm = self._clip_gradients()
        self._bad_updates = 0 if math.isfinite(norm) else self._bad_updates + 1
        if self._bad_updates >= MAX_BAD_UPDATES:
            raise RuntimeError(
                f"The gradient was not finite in {self._bad_updates} updates in a row, so nothing is learned any more. Likely "
                "causes: a learning rate too high, 16-bit weights, an engine that returns log-probs of -inf."
            )
        if self._bad_updates:
            return {"update/skipped": (1.0, 1.0)}
        metrics = {"update/skipped": (0.0, 1.0), "update/grad_norm": (norm, 1.0)}
        metrics["update/lr"] = (optimizer.param_groups[0]["lr"], 1.0)
        optimizer.step()
        schedule: Any = self.lr_schedulers()
        schedule.step()
        values = torch.stack(list(sums.values())).tolist()
        for name, value in zip(sums, values, strict=True):
            # Sums are of this rank, counts of all: each rank gives its share of the counts.
            metrics[name] = (value, (1 if name == "loss/total" else counts.tokens) / ranks)
        return metrics

    def _clip_gradients(self) -> float:
        """Scale gradients down to `max_grad_norm`; returns the norm before."""
        norm = torch.nn.utils.clip_grad_norm_(self.scorer.parameters(), self.max_grad_norm or float("inf"))
        return float(norm.full_tensor() if isinstance(norm, DTensor) else norm)

    def log_metrics(self, metrics: dict[str, float], step: int, prog_bar: tuple[str, ...] = ()) -> None:
        """Log numbers that are the same on all processes, at a rollout step."""
        for name, value in metrics.items():
            self.log(name, value, prog_bar=name in prog_bar, rank_zero_only=False, batch_size=1)
        self.log("step", float(step), batch_size=1)

    @override
    def validation_step(self, batch: RolloutBatch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Nothing to compute: callbacks read the verified rollouts."""

    @override
    def test_step(self, batch: RolloutBatch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Nothing to compute: callbacks read the verified rollouts."""

    @override
    def predict_step(self, batch: RolloutBatch, batch_idx: int, dataloader_idx: int = 0) -> int:
        """How many rollouts were made; `Transcript` writes them."""
        return len(batch.rollouts)

    @override
    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["asym_lit"] = {
            "rollout_step": self.rollout_step,
            "policy": self.policy,
            "architecture": architecture_of(self.policy_config),
            "lora": None if self.lora is None else asdict(self.lora),
        }

    @override
    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        saved = checkpoint.get("asym_lit")
        if saved is None:
            raise InputError("This checkpoint was not written by a PolicyModule; give --ckpt_path one of its own.")
        mine = architecture_of(self.policy_config)
        if saved["policy"] != self.policy or saved["architecture"] != mine:
            raise InputError(
                f"The checkpoint was trained from policy {saved['policy']!r} ({saved['architecture']}), this run names "
                f"{self.policy!r} ({mine}). Write --model.policy {saved['policy']}, or start a new run without --ckpt_path."
            )
        my_lora = None if self.lora is None else asdict(self.lora)
        if saved.get("lora") != my_lora:
            raise InputError(
                f"The checkpoint was trained with model.lora {saved.get('lora')}, this run has {my_lora}; write the same, or "
                "start a new run without --ckpt_path."
            )
        self.rollout_step = saved["rollout_step"]
