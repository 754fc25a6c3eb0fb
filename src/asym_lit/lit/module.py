"""The policy module: a policy and its frozen reference, trained on rollouts by an objective it knows nothing about."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import torch
from lightning.pytorch import Callback
from lightning.pytorch.cli import OptimizerCallable
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities import rank_zero_info
from typing_extensions import override

from asym_lit.lit.distributed import mean_over_processes
from asym_lit.lit.learning import RolloutLearner
from asym_lit.lit.live_policy import LivePolicyModule
from asym_lit.lit.optimizing import OptimizerSteps
from asym_lit.lit.resuming import Resuming
from asym_lit.lit.start_checks import check_limits, check_start
from asym_lit.lit.watchdog import watched
from asym_lit.objectives.corrections import SamplerCorrection
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.staleness import with_correction
from asym_lit.objectives.token_losses import wants_whole_groups
from asym_lit.policy.known_tokens import gaps, token_count
from asym_lit.policy.loading import Dtype, checkpoint_activations, load_config
from asym_lit.policy.lora import AdapterOff, LoRA
from asym_lit.policy.optimizers import Schedule, build_optimizer, check_optimizer, learning_rate
from asym_lit.policy.scorer_plans import ScorerPlan
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.rollout.microbatches import Cutting
from asym_lit.run_folder.checksums import check_export
from asym_lit.sharding.loading import sharded_scorer
from asym_lit.types import InputError, Needs, RolloutBatch, check_least


class PolicyModule(LivePolicyModule):
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
        max_micro_batch_tokens: Tokens scored at once: prompts, once for each group where they are shared, and responses, or
            rows with their padding where they are not.
        max_grad_norm: Gradients are scaled down to this norm; 0 switches it off.
        dtype: Of the weights.
        compute_dtype: Of gathered weights under fsdp2; None for `dtype`.
        gradient_checkpointing: Recompute activations in the backward pass: less memory, more time.
        lora: Train low-rank adapters in place of all weights; the reference is then the policy without them.
        head_dtype: Of the products with the LM head; None for that of the weights. bfloat16 halves their time on a CPU that has
            such products, and rounds log-probs, alike in scoring and update.
        share_prompts: Read a prompt once for all responses of its group, where the policy's architecture allows it.
        attn_implementation: The policy's attention by transformers' name: `eager`, `sdpa`, `flash_attention_2` ... None for the
            choice of transformers.
        correction: Weighs what the engine sampled otherwise than the trainer would have, in place of the objective's own; what
            `data.lag` wants of most objectives. None for the objective's.
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
        head_dtype: Dtype | None = None,
        share_prompts: bool = True,
        attn_implementation: str | None = None,
        correction: SamplerCorrection | None = None,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        check_least("model.{name}", 1, inner_epochs=inner_epochs, mini_batches=mini_batches)
        check_least("model.{name}", 1, max_micro_batch_tokens=max_micro_batch_tokens)
        check_least("model.{name}", 0, warmup_steps=warmup_steps, max_grad_norm=max_grad_norm)
        check_optimizer(optimizer)
        self.policy, self.objective, self.make_optimizer = policy, with_correction(objective, correction), optimizer
        self.schedule, self.warmup_steps = schedule, warmup_steps
        self.inner_epochs, self.mini_batches, self.max_micro_batch_tokens = inner_epochs, mini_batches, max_micro_batch_tokens
        self.dtype_name, self.compute_dtype_name = dtype, compute_dtype or dtype
        self.gradient_checkpointing, self.lora, self.share_prompts = gradient_checkpointing, lora, share_prompts
        self.attn_implementation = attn_implementation
        self.head_dtype = None if head_dtype is None else getattr(torch, head_dtype)
        self.rollout_step, self.diagnostics, self.resuming = 0, Needs(), Resuming()
        self.steps, self.points = OptimizerSteps(max_grad_norm), {}
        self.memory: dict[str, float] = {}  # of parts of the objective that steer by what they have measured
        check_export(policy)
        self.policy_config = load_config(policy)
        self._reference: list[TokenScorer | AdapterOff] = []  # in a list, so that it is no submodule: checkpoints leave it out

    @property
    def needs(self) -> Needs:
        """What is computed once per rollout step: for the objective and for diagnostics."""
        return self.objective.rollout_needs | self.diagnostics

    def request(self, needs: Needs) -> None:
        """Ask for scores beyond the objective's at rollout time; for callbacks, in `setup`."""
        self.diagnostics |= needs

    @override
    def configure_callbacks(self) -> list[Callback]:
        # The first hook of a run, before Lightning's own check of some of these limits, which points the wrong way.
        if self.trainer.state.fn == TrainerFn.FITTING:
            check_limits(self.trainer, self.datamodule.rollout_steps)
        return watched(self.trainer)

    @override
    def setup(self, stage: str) -> None:
        if self.datamodule.maker.scorer is None:  # callbacks are set up before modules
            raise InputError("Nothing scores the rollouts; add the VerifierReward callback to trainer.callbacks.")
        if stage == "fit":
            check_start(self.objective, self.datamodule)

    @override
    def configure_model(self) -> None:
        if hasattr(self, "scorer"):
            return
        is_fit = self.trainer.state.fn == TrainerFn.FITTING
        self.scorer = self._load(is_trained=is_fit)
        if self.gradient_checkpointing:
            checkpoint_activations(self.scorer.model)
        if self.needs.reference and is_fit:
            self._reference = [AdapterOff(self.scorer) if self.lora else self._load().requires_grad_(False).eval()]

    def _load(self, is_trained: bool = False) -> TokenScorer:
        tokenizer = self.datamodule.tokenizer
        kind = (self.policy, self.dtype_name, self.longest, self.attn_implementation, self.lora)
        tokens = (token_count(tokenizer), gaps(tokenizer))
        plan = ScorerPlan(*kind, *tokens, self.head_dtype, self.share_prompts, is_trained)
        if not self.is_sharded:
            return plan.whole()
        assert self.device_mesh is not None
        dtype = getattr(torch, self.compute_dtype_name)
        scorer, why = sharded_scorer(plan, self.device_mesh["data_parallel"], dtype, self.trainer.num_devices)
        if why:
            rank_zero_info(f"All weights of {self.policy!r} were read by every process before they were split: {why}.")
        return scorer

    @override
    def on_fit_start(self) -> None:
        for scorer in self._reference:
            scorer.to(self.device)  # Lightning does not see it, so it does not move it
        self.scorer.train()
        if self.share_prompts and not self.scorer.shares_prompts:
            rank_zero_info(f"Prompts are read once for each response: {self.scorer.why_not_shared}.")

    @override
    def configure_optimizers(self) -> Any:
        total = self.datamodule.rollout_steps * self.inner_epochs * self.mini_batches
        optimizer = build_optimizer(self.make_optimizer, (p for p in self.scorer.parameters() if p.requires_grad))
        return [optimizer], [learning_rate(optimizer, self.schedule, self.warmup_steps, total)]

    @override
    def on_train_start(self) -> None:
        self.resuming.begin(self)

    @override
    def on_train_batch_start(self, batch: RolloutBatch, batch_idx: int) -> None:
        if self.rollout_step + 1 == self.datamodule.rollout_steps:
            self.trainer.val_check_batch = float("inf")  # Lightning's word for an evaluation behind the last batch

    @override
    def training_step(self, batch: RolloutBatch, batch_idx: int) -> None:
        clock = perf_counter()
        data, reference = self.datamodule, self._reference[0] if self._reference else None
        objective, shares = self.objective.at(self.rollout_step), self.scorer.shares_prompts
        sizes = (self.mini_batches, data.prompts_per_step, data.seed, self.max_micro_batch_tokens)
        cutting = Cutting(*sizes, shares, wants_whole_groups(objective.token_loss))
        # A policy looks surer if one asks about its right answers only.
        watch = self.diagnostics != Needs()
        given = (self.scorer, reference, objective, self.needs, batch, cutting, watch)
        learner = RolloutLearner(*given, self.memory, data.rollout_steps)
        learner.score()
        learner.estimate()
        clock = batch.spend("score", clock)
        sums = self.steps.make_all(self, learner, list(range(self.mini_batches)) * self.inner_epochs)
        learner.feedback.after_step()
        self.rollout_step += 1
        batch.spend("update", clock)
        valid_B = learner.experience.valid_B
        sums["update/idle"] = (float((learner.idle_B & valid_B).sum()), float(valid_B.sum()))
        self.log_metrics(mean_over_processes(sums) | batch.curriculum, batch.step)

    @override
    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.resuming.save(self, checkpoint)

    @override
    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.resuming.load(self, checkpoint)
