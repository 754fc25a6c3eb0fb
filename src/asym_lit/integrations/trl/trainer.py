"""TRL's `GRPOTrainer` with one of our objectives as its loss.

Generation, rewards, optimizer, schedule, checkpoints and logs are TRL's. Ours are the scores of tokens, the advantages of whole
groups and the loss; they are computed in the order of `lit/learning.py`, on the micro-batches that TRL makes.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from asym_lit.integrations.trl.batches import Judged, MicroBatch, count, micro_batch_of, whole_of
from asym_lit.integrations.trl.reward_functions import VerifierFunction
from asym_lit.integrations.trl.scoring import answer_with_scores, frozen
from asym_lit.integrations.trl.settings import check_settings, check_trainer
from asym_lit.objectives.objective import LossTerms, Objective
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.types import Experience, InputError, Needs, Outcome, TokenScores

try:
    from accelerate.utils import gather_object
    from trl import GRPOConfig, GRPOTrainer
except ImportError as fault:
    raise ImportError(f"{fault}. asym_lit.integrations.trl needs TRL; write: pip install 'trl>=1.16,<1.17'") from fault


class ObjectiveTrainer(GRPOTrainer):  # type: ignore[misc]
    """`GRPOTrainer` whose loss is an `Objective`: `ObjectiveTrainer(model, objective=simko(), reward_funcs=..., args=...)`.

    Whatever the objective needs is computed, and nothing else: likeliest tokens, rank-1 flags, entropies, a reference. With it
    options of `GRPOConfig` that say what an objective says are refused. Works on one process and with DDP.

    Args:
        model: As for `GRPOTrainer`.
        objective: The loss, from rewards on.
        reward_funcs: As for `GRPOTrainer`; verifiers by `as_reward_function`.
        args: A `GRPOConfig`; None for its defaults.
        truth: Name of the reward function that says what is correct, for objectives that ask; None where there is one, or one
            that is a verifier.
        correct_from: Smallest reward of that function that is correct, unless it is a verifier, which knows by itself.
        further: Of `GRPOTrainer`.

    Raises:
        InputError: If options contradict the objective, or it needs what TRL has not.
    """

    def __init__(
        self,
        model: Any,
        objective: Objective,
        reward_funcs: Any,
        args: Any = None,
        truth: str | None = None,
        correct_from: float = 1.0,
        **further: Any,
    ) -> None:
        if not isinstance(objective, Objective):
            raise InputError(f"objective is {objective!r:.60}; allowed: an Objective, such as asym_lit.objectives.simko().")
        args = GRPOConfig("trl_objective") if args is None else args
        check_settings(args, objective, own_sampler=further.get("rollout_func") is not None)
        self.objective, self.correct_from, self._given_rewards = objective, correct_from, Tensor()
        self._judged: Judged | None = None
        super().__init__(model=model, reward_funcs=reward_funcs, args=args, **further)
        self._truth = self._truth_named(truth)
        check_trainer(self)
        self._reference: TokenScorer | None = None
        if objective.rollout_needs.reference and further.get("peft_config") is None:
            self._reference = frozen(self.model)
        answer_with_scores(self.model)

    def _truth_named(self, name: str | None) -> int:
        names = self.reward_func_names
        if name is not None:
            if name not in names:
                raise InputError(f"truth is {name!r}, which is no reward function; allowed: {', '.join(names)}.")
            return int(names.index(name))
        ours = [i for i, function in enumerate(self.reward_funcs) if isinstance(function, VerifierFunction)]
        if len(names) > 1 and len(ours) != 1:
            raise InputError(f"Of the reward functions {', '.join(names)} none says what is correct; write truth={names[0]!r}.")
        return ours[0] if ours else 0

    @override
    def _calculate_rewards(self, *args: Any, **kwargs: Any) -> Tensor:
        self._given_rewards = super()._calculate_rewards(*args, **kwargs)
        return self._given_rewards

    @override
    def _get_per_token_logps_and_entropies(
        self, model: Any, input_ids: Tensor, attention_mask: Tensor, logits_to_keep: int, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, None, None]:
        """Zeros: what TRL would score here is for its own loss, and read by nobody."""
        return torch.zeros(len(input_ids), logits_to_keep, device=input_ids.device), None, None

    @override
    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        output: dict[str, Any] = super()._generate_and_score_completions(inputs)
        output["row"] = torch.arange(len(inputs), device=self.accelerator.device)
        rewards_BR, truth = self._given_rewards, self.reward_funcs[self._truth]
        correct_B = rewards_BR[:, self._truth] >= self.correct_from
        if isinstance(truth, VerifierFunction):
            right = gather_object([outcome == Outcome.CORRECT for outcome in truth.outcomes])
            correct_B = torch.tensor(right, device=rewards_BR.device)
        weights_R = self.reward_weights.to(rewards_BR)
        sums_B, valid_B = (rewards_BR * weights_R).nansum(1), ~rewards_BR.isnan().all(1)
        self._judged = Judged(sums_B, correct_B, valid_B, rewards_BR.nan_to_num(), weights_R)
        return output

    @override
    def _prepare_inputs(self, generation_batch: Any) -> dict[str, Any]:
        self._judged = None
        inputs: dict[str, Any] = super()._prepare_inputs(generation_batch)
        if self._judged is not None:  # newly generated
            training = self.model.training
            self._learn_from(self._buffered_inputs if training else [inputs], self._judged, training)
        return inputs

    def _learn_from(self, cut: list[dict[str, Any]], judged: Judged, training: bool) -> None:
        """Give each micro-batch of a generation its part: scores at the weights that sampled, advantages of whole groups."""
        args, gather = self.args, self.accelerator.gather
        first = sum(len(inputs["row"]) for inputs in cut) * self.accelerator.process_index
        ends = [*self.eos_token_ids, self._tokenizer.pad_token_id]
        parts = [micro_batch_of(inputs, judged, first, ends) for inputs in cut]
        per_step = args.gradient_accumulation_steps if training else len(parts)
        done = self.state.global_step * args.gradient_accumulation_steps
        step = done // (args.steps_per_generation * args.num_iterations)
        objective = self.objective.at(step)
        needs = self.objective.rollout_needs
        self._score(parts, 0 if needs.rollout_scores else per_step, needs)
        size = self.num_generations if training else self.num_generations_eval
        longest = torch.tensor([max(part.experience.mask_BT.shape[1] for part in parts)], device=self.accelerator.device)
        whole = whole_of(parts, size, gather, int(gather(longest).max()))
        kept_P = objective.group_filter(whole.correct_B.view(-1, size), whole.valid_B.view(-1, size))
        whole.valid_B = whole.valid_B & kept_P.repeat_interleave(size)
        whole.rewards_BC, whole.reward_weights_BC = judged.rewards_BC, judged.weights_C.expand_as(judged.rewards_BC)
        whole.step, whole.steps = step, self._rollout_steps()
        if needs.rollout_scores:
            assert whole.old_logprobs_BT is not None
            whole.pool = whole.pooled(TokenScores(whole.old_logprobs_BT, whole.entropy_BT))
        whole.rewards_B = objective.shape(whole)
        whole.advantages_BT = objective.estimate(whole)
        self._tell(whole)
        trained_B = whole.valid_B & objective.rollout_filter(whole.correct_B)
        for inputs, part in zip(cut, parts, strict=True):
            rows_B, own = part.rows_B + first, part.experience
            own.advantages_BT, own.pool = whole.advantages_BT[rows_B, : own.mask_BT.shape[1]], whole.pool
            own.step, own.steps = whole.step, whole.steps
            own.mask_BT = own.mask_BT * trained_B[rows_B, None]
            inputs["part"], inputs["objective"] = part, objective
        for start in range(0, len(parts), per_step):
            count(parts[start : start + per_step], first, size, len(judged.rewards_B) // size, self.accelerator.reduce)

    def _rollout_steps(self) -> int:
        """Generations of the run; 0 before TRL has counted its steps."""
        args = self.args
        return (
            max(self.state.max_steps, 0) * args.gradient_accumulation_steps // (args.steps_per_generation * args.num_iterations)
        )

    def _score(self, parts: list[MicroBatch], ready: int, needs: Needs) -> None:
        """Scores at the weights that sampled; those of the first `ready` micro-batches are taken from their update."""
        for number, part in enumerate(parts):
            with torch.no_grad():
                if number >= ready:
                    part.keep(self._scores(self.model, part, needs))
                if needs.reference:
                    asked = self.model if self._reference is None else self._reference
                    with self.model.disable_adapter() if self._reference is None else nullcontext():
                        part.experience.reference_logprobs_BT = self._scores(asked, part, Needs()).logprobs_BT

    def _scores(self, asked: Any, part: MicroBatch, needs: Needs) -> TokenScores:
        given = (part.tokens, part.experience.mask_BT, self.temperature, needs)
        with self.compute_loss_context_manager():
            scores: TokenScores = asked(*given) if isinstance(asked, TokenScorer) else asked(scoring=given)
        return scores

    def _tell(self, whole: Experience) -> None:
        """Put our advantages into the table of completions, where TRL has put its own."""
        assert whole.advantages_BT is not None
        told, means_B = self._logs["advantages"], whole.advantages_BT.sum(-1) / whole.lengths_B.clamp(min=1)
        for _ in range(min(len(told), len(means_B))):
            told.pop()
        told.extend(means_B.tolist())

    @override
    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Tensor:
        """The loss of a micro-batch; those of an optimizer step add up to its loss."""
        if return_outputs:
            raise ValueError("ObjectiveTrainer returns no outputs beside the loss.")
        part, objective = inputs["part"], inputs["objective"]
        scores = self._scores(model, part, objective.update_needs)
        if part.experience.old_logprobs_BT is None:
            part.keep(scores)
        terms = objective.loss(scores, part.experience, part.counts)
        self._log_terms(terms, scores, part)
        return terms.loss * self.accelerator.num_processes  # DDP takes means, and the loss is divided by global counts

    def _log_terms(self, terms: LossTerms, scores: TokenScores, part: MicroBatch) -> None:
        mask_BT, sums = part.experience.mask_BT, dict(terms.sums)
        if scores.entropy_BT is not None:
            sums["entropy"] = (scores.entropy_BT.detach() * mask_BT).sum()
        values = torch.stack([mask_BT.sum(), *sums.values()]).float()
        tokens, *totals = self.accelerator.reduce(values).tolist()
        for name, total in zip(sums, totals, strict=True):
            self._metrics["train" if self.model.training else "eval"][name].append(total / max(tokens, 1))
