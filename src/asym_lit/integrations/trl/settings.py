"""Options of TRL's `GRPOConfig` that say what an objective says: refused by name, never ignored."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from torch import nn

from asym_lit.objectives.corrections import NoCorrection
from asym_lit.objectives.feedback import Steering
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.token_losses import wants_whole_groups
from asym_lit.types import InputError

CONTRADICTED = {
    "loss_type": "the objective is the loss: grpo(), dr_grpo(max_tokens), cispo_capped(), sapo(), luspo(), vespo() ...",
    "epsilon": "grpo(clip=...), dapo(clip_low=..., clip_high=...)",
    "epsilon_high": "with_parts(objective, token_loss=ClippedSurrogate(low, high))",
    "delta": "with_parts(objective, token_loss=DualClippedSurrogate(cap=...))",
    "scale_rewards": "lite_ppo() for batch, with_parts(objective, estimator=Centred()) for none",
    "importance_sampling_level": "gspo() for sequence, or with_parts(objective, ratio=SequenceRatio())",
    "multi_objective_aggregation": "gdpo(), which reads each reward function; as_reward_function(Weighted(...)) is their sum",
    "beta": "grpo(kl=...)",
    "use_bias_correction_kl": "with_parts(objective, regularizers=[ReferenceKL(..., weighted=True)])",
    "sync_ref_model": "the reference stays the policy before training",
    "top_entropy_quantile": "forking_tokens(quantile=...)",
    "entropy_coef": "grpo(entropy=...)",
    "use_adaptive_entropy": "grpo(entropy=...), which stays what it is; adaptive_entropy() is for PolicyModule",
    "off_policy_mask_threshold": "with_parts(objective, token_reweights=[OffPolicyMask(...)])",
    "sapo_temperature_pos": "sapo(tau_positive=...)",
    "sapo_temperature_neg": "sapo(tau_negative=...)",
    "cast_lm_head_to_fp32": "log-probs are in fp32 whatever the head is",
    "vespo_k_pos": "vespo(k_right=...)",
    "vespo_lambda_pos": "vespo(lambda_right=...)",
    "vespo_k_neg": "vespo(k_wrong=...)",
    "vespo_lambda_neg": "vespo(lambda_wrong=...)",
}
"""What to write instead, by option."""


def check_settings(args: Any, objective: Objective, own_sampler: bool) -> None:
    """Refuse what contradicts an objective, or what it needs and cannot have in TRL.

    Args:
        args: A `GRPOConfig`.
        objective: The loss.
        own_sampler: Rollouts come from a `rollout_func`, which gives its log-probs.

    Raises:
        InputError: With the first such option, its value, and what to write instead.
    """
    defaults = {item.name: item.default for item in fields(args) if item.default is not MISSING}
    for name, instead in CONTRADICTED.items():
        value = getattr(args, name, defaults.get(name))
        if value != defaults.get(name):
            raise InputError(
                f"GRPOConfig has {name}={value!r} beside an objective, which says that itself. Leave it out, and write "
                f"in the objective: {instead}."
            )
    if args.use_vllm and args.vllm_importance_sampling_correction:
        raise InputError(
            "GRPOConfig has vllm_importance_sampling_correction=True (its default) beside an objective, which itself weighs "
            "the sampler's log-probs. Write vllm_importance_sampling_correction=False; TRL's own correction is the objective "
            "corrected(base, SequenceMask(high=3.0))."
        )
    if not isinstance(objective.correction, NoCorrection) and not (args.use_vllm or own_sampler):
        raise InputError(
            f"The objective corrects for the sampler by {type(objective.correction).__name__}, but TRL keeps its log-probs "
            "only with use_vllm=True or a rollout_func. Leave the correction out: without vLLM the policy samples by itself."
        )
    for part in (objective, *([objective.warm_up.objective] if objective.warm_up else [])):
        if part.group_filter.max_draws > 1:
            raise InputError(
                f"The objective's {type(part.group_filter).__name__} draws up to {part.group_filter.max_draws} times to "
                "replace groups, and TRL draws once. Write max_draws=1, as in dapo(max_draws=1), which replaces none."
            )
        check_feasible(part)
        if args.num_generations < part.estimator.min_group_size:
            raise InputError(
                f"num_generations is {args.num_generations}; {type(part.estimator).__name__} needs "
                f"{part.estimator.min_group_size} or more."
            )
    if args.steps_per_generation % args.gradient_accumulation_steps:
        raise InputError(
            f"steps_per_generation is {args.steps_per_generation}, gradient_accumulation_steps "
            f"{args.gradient_accumulation_steps}; allowed: a multiple of it. An optimizer step over two generations has no "
            "size that is known when the first of them is due."
        )


def check_feasible(objective: Objective) -> None:
    """Refuse parts that TRL's trainer has nothing for.

    Raises:
        InputError: With the part.
    """
    if objective.rollout_needs.greedy:
        raise InputError(
            "The objective compares with a greedy response to each prompt (remax), which TRL does not ask for. Write another "
            "one, such as rloo(), or train by asym_lit's PolicyModule."
        )
    if wants_whole_groups(objective.token_loss):
        raise InputError(
            f"{type(objective.token_loss).__name__} is a loss of whole groups, and TRL cuts groups up between micro-batches. "
            "Write another objective, or train by asym_lit's PolicyModule."
        )
    steering = [type(part).__name__ for part in objective.regularizers if isinstance(part, Steering)]
    if steering:
        raise InputError(
            f"{steering[0]} remembers what it has measured from update to update, and TRL's checkpoints have no place for it. "
            "Write grpo(entropy=...), which stays what it is, or train by asym_lit's PolicyModule."
        )


def check_trainer(trainer: Any) -> None:
    """Refuse policies and ways to train that the loss cannot have.

    Args:
        trainer: Ready to train, so that its policy is loaded.

    Raises:
        InputError: With what it is.
    """
    for is_so, what in (
        (trainer._is_vlm, "The policy reads images, which"),
        (trainer.aux_loss_enabled, "The policy has a loss of its router (router_aux_loss_coef), which"),
        (trainer.is_fsdp_enabled, "FSDP splits the weights up, which"),
        (trainer.is_deepspeed_enabled, "DeepSpeed splits the weights up, which"),
    ):
        if is_so:
            raise InputError(f"{what} ObjectiveTrainer cannot handle. Allowed: texts, on one process or with DDP.")
    dropping = [name for name, part in trainer.model.named_modules() if isinstance(part, nn.Dropout) and part.p > 0]
    if dropping:
        raise InputError(
            f"{dropping[0]} drops values, so the first ratio would not be 1. Write disable_dropout=True in GRPOConfig."
        )
