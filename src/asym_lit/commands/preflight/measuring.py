"""Two small steps of a run, made here and timed by stage: what a whole step is predicted from.

They are made as `fit` makes them, by its engine, verifier and learner, and without Lightning around. Rewards are made up for
the updates, so that all rollouts have a gradient; what share really has one is counted before.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from statistics import mean
from time import perf_counter, process_time
from typing import Any

import torch

from asym_lit.commands.preflight.plan import RunPlan
from asym_lit.commands.preflight.step_work import watches, work_of
from asym_lit.commands.replay.sampling import host_of
from asym_lit.lit.callbacks.verifier_reward import VerifierReward
from asym_lit.lit.learning import RolloutLearner
from asym_lit.objectives.token_losses import wants_whole_groups
from asym_lit.policy.adapter_trial import add_tried_adapters
from asym_lit.policy.export import named_weights
from asym_lit.policy.known_tokens import gaps, token_count
from asym_lit.policy.loading import checkpoint_activations, load_policy
from asym_lit.policy.lora import AdapterOff
from asym_lit.policy.optimizers import build_optimizer
from asym_lit.policy.sharing_trial import try_sharing
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.rollout.microbatches import Cutting
from asym_lit.step_times.costs import PolicyCosts
from asym_lit.step_times.decoding import EngineRoom
from asym_lit.step_times.pace import Effort, Pace, efforts, pace_of
from asym_lit.types import InputError, Needs, Prompt, RolloutBatch, SubmittingVerifier

MIXED = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
PARTS = 4
"""The smaller step has so many times fewer prompts."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What two small steps showed."""

    paces: dict[str, Pace]
    prompts: int
    """Of both together."""
    prompt: float
    response: float
    longest: float
    learning: float
    """Share of the rollouts that had a gradient."""
    seconds: float
    """That measuring took."""
    own: float = 1.0
    """Share of that time in which this process had a processor; less where other work runs beside it."""


class MeasuringBench:
    """A run's policy, engine and learner on one device.

    Args:
        plan: The run; its engine is used, and closed at the end.
        longest: Tokens of its longest row.
        clock: Seconds that pass, or of the processor.

    Raises:
        InputError: If the run splits its policy, has no verifier, or its engine cannot run here.
    """

    def __init__(self, plan: RunPlan, longest: int, clock: Callable[[], float] = perf_counter) -> None:
        if plan.hardware.is_sharded:
            raise InputError("A step is measured where the policy is whole on one device; the run's strategy is fsdp2.")
        found = [callback for callback in plan.callbacks if isinstance(callback, VerifierReward)]
        if not found:
            raise InputError("A step cannot be measured: nothing verifies responses; add the VerifierReward callback.")
        self.plan, self.clock, self.reward = plan, clock, found[0]
        plan.data.maker.engine.check()
        self.device = torch.device("cuda" if plan.hardware.is_gpu and torch.cuda.is_available() else "cpu")
        self.needs = plan.module.objective.rollout_needs | Needs(entropy=watches(plan), top_n=3 if watches(plan) else 0)
        self.scorer = self._scorer(longest)
        self.reference: Any = None
        if self.needs.reference:
            lora = plan.module.lora
            self.reference = AdapterOff(self.scorer) if lora else self._scorer(longest).requires_grad_(False).eval()
        trained = [p for p in self.scorer.parameters() if p.requires_grad]
        self.optimizer = build_optimizer(plan.module.make_optimizer, trained)
        self.version = 0

    def _scorer(self, longest: int) -> TokenScorer:
        module, tokenizer = self.plan.module, self.plan.data.tokenizer
        model = load_policy(module.policy, module.dtype_name, longest, module.attn_implementation)  # type: ignore[arg-type]
        model = add_tried_adapters(model, module.lora) if module.lora else model
        scorer = TokenScorer(model, token_count(tokenizer), gaps(tokenizer), module.head_dtype)
        if module.share_prompts:
            try_sharing(scorer)
        scorer.add_gradients_in_place()
        if module.gradient_checkpointing:
            checkpoint_activations(scorer.model)
        return scorer.to(self.device).train()

    def open(self) -> None:
        """Start verifier and engine."""
        maker, verifier = self.plan.data.maker, self.reward.verifier
        if isinstance(verifier, SubmittingVerifier):
            verifier.open()
        verifier.self_test()
        maker.scorer = self.reward
        maker.engine.start(host_of(self.scorer, self.plan.data.tokenizer))

    def close(self) -> None:
        """End both."""
        self.plan.data.maker.engine.close()
        self.reward.close()

    def step(self, prompts: list[Prompt]) -> tuple[RolloutBatch, float, dict[str, float]]:
        """One step; returns its rollouts, the share of them that have a gradient, and seconds by stage."""
        data = self.plan.data
        made = RolloutBatch([], data.sampling, 0, data.task.name)
        data.maker.engine.sync(named_weights(self.scorer.model), self.version)
        clock = self._now()
        data.maker.fill_once(made, list(enumerate(prompts)))
        seconds = {"generate": self._now() - clock - made.seconds.get("verify", 0.0)}
        learning = 1 - float(self._learner(made).idle_B.double().mean())
        for place, rollout in enumerate(made.rollouts):
            rollout.reward = float(place % 2)
        clock = self._now()
        with self._precision():
            learner = self._learner(made)
            learner.score()
            learner.estimate()
            seconds["score"] = self._now() - clock
            clock = self._now()
            self._update(learner)
        seconds["update"] = self._now() - clock
        return made, learning, seconds

    def _precision(self) -> AbstractContextManager[object]:
        """What `trainer.precision` has training steps computed in; the engine generates outside of it."""
        dtype = MIXED.get(str(self.plan.trainer.get("precision")))
        return torch.autocast(self.device.type, dtype) if dtype else nullcontext()

    def _learner(self, made: RolloutBatch) -> RolloutLearner:
        module, objective = self.plan.module, self.plan.module.objective
        sizes = (module.mini_batches, len(made.groups), 0, module.max_micro_batch_tokens)
        cutting = Cutting(*sizes, self.scorer.shares_prompts, wants_whole_groups(objective.token_loss))
        given = (self.scorer, self.reference, objective, self.needs, replace(made), cutting, watches(self.plan))
        return RolloutLearner(*given, memory={}, rollout_steps=self.plan.data.rollout_steps)

    def _update(self, learner: RolloutLearner) -> None:
        for number in list(range(len(learner.plan))) * self.plan.module.inner_epochs:
            if not learner.plan[number].counts.tokens:
                continue
            self.optimizer.zero_grad()
            learner.accumulate(number, lambda loss: loss.backward())  # type: ignore[no-untyped-call]
            parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
            float(torch.nn.utils.clip_grad_norm_(parameters, self.plan.module.steps.max_grad_norm or float("inf")))
            self.optimizer.step()
            self.version += 1

    def _now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return self.clock()


def measure(
    plan: RunPlan, prompts: list[Prompt], costs: PolicyCosts, room: EngineRoom, clock: Callable[[], float] = perf_counter
) -> Measured:
    """Make a step of a fifth of some prompts and one of the rest, behind one that warms up.

    Args:
        plan: The run.
        prompts: To be answered; two at least.
        costs: Of the policy.
        room: Of the engine.
        clock: Seconds that pass, or of the processor.
    """
    began, began_own, began_passing = clock(), process_time(), perf_counter()
    longest = max(len(prompt.token_ids) for prompt in prompts) + plan.data.sampling.max_tokens
    bench = MeasuringBench(plan, longest, clock)
    few = max(1, len(prompts) // (PARTS + 1))
    seen: dict[str, list[tuple[Effort, float]]] = {"generate": [], "score": [], "update": []}
    rollouts, shares = [], []
    try:
        bench.open()
        bench.step(prompts[:1])  # buffers, threads, kernels that are chosen at first use
        for chosen in (prompts[:few], prompts[few:]):
            made, learning, seconds = bench.step(chosen)
            lengths = [len(rollout.token_ids) for rollout in made.rollouts]
            prompt = mean(len(one.token_ids) for one in chosen)
            work = work_of(plan, len(chosen), prompt, mean(lengths), max(lengths), learning=1.0)
            for stage, effort in efforts(costs, work, room).items():
                seen[stage].append((effort, seconds[stage]))
            rollouts += made.rollouts
            shares += [learning] * len(chosen)
    finally:
        bench.close()
    lengths = [len(rollout.token_ids) for rollout in rollouts]
    paces = {stage: pace_of(found) for stage, found in seen.items()}
    if not paces["score"].flop_seconds:  # nothing was scored beforehand, but rollouts without a gradient may be
        paces["score"] = Pace(0.0, paces["update"].flop_seconds)
    mean_prompt = mean(len(prompt.token_ids) for prompt in prompts)
    own = (process_time() - began_own) / (perf_counter() - began_passing)
    return Measured(paces, len(prompts), mean_prompt, mean(lengths), max(lengths), mean(shares), clock() - began, own)
