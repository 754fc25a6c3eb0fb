"""Which objective here an option of prime-rl, SkyRL, ms-swift, slime or NeMo-RL is. TRL and verl are in `same_objectives`.

prime-rl 559b4477, SkyRL 0.3.0, ms-swift 4.6.0, slime 624b824a, NeMo-RL 7ea279ab.
"""

from __future__ import annotations

from asym_lit.commands.translate.same_objectives import TRL, VERL, Same

_TOKENS = "grpo(token_mean=True)"

PRIME_RL: tuple[Same, ...] = (
    Same("algo.type", "grpo", f"with_parts({_TOKENS}, estimator=Centred())", "no division by the standard deviation there"),
    Same("algo.type", "max_rl", "max_rl()", "0 where the mean is not above 0 there"),
    Same(
        "trainer.loss.type",
        "default",
        "with_parts(dppo('tv', 0.2, 0.2, cap=None, anchor='rollout', tether=1e-3), estimator=Centred())",
        "dppo_mask_low, dppo_mask_high, kl_tau; adv_tau: reweights=[SignScaling(adv_tau, adv_tau)]",
    ),
    Same(
        "trainer.loss.type",
        "ipo",
        "with_parts(dppo(two_sided=True, cap=None, anchor='rollout', tether=1e-3), estimator=Centred())",
        "ipo_threshold 0.1",
    ),
    Same("algo.type", "rae", "", "a moving baseline for each agent"),
    Same("algo.type", "hierarchical_grpo, echo, opd, opsd, sft", "", "several agents; distillation"),
    Same("length_penalty", "true", "", "another form than `dapo(overlong_buffer)`"),
)

SKYRL: tuple[Same, ...] = (
    Same("policy_loss_type", "regular", _TOKENS, "loss_reduction: token_mean"),
    Same("policy_loss_type", "dual_clip", f"with_parts({_TOKENS}, token_loss=DualClippedSurrogate(cap=3.0))"),
    Same("policy_loss_type", "gspo", "gspo()"),
    Same("policy_loss_type", "cispo", "cispo_capped(6.0)", "0 to 1 + 5"),
    Same("policy_loss_type", "clip_cov", "clip_cov()"),
    Same("policy_loss_type", "kl_cov", "kl_cov()"),
    Same("policy_loss_type", "sapo", "sapo()"),
    Same("policy_loss_type", "dppo", "dppo('tv', 0.2, 0.2, cap=None, anchor='rollout')", "dppo_type, delta_low, delta_high"),
    Same("policy_loss_type", "rollout_is", "rollout_is(0.2, 0.28)"),
    Same(
        "policy_loss_type",
        "importance_sampling",
        f"with_parts({_TOKENS}, token_loss=ClippedSurrogate(1.0, 1e9), aggregation=TokenSum())",
        "Tinker's: a plain sum, from the engine's log-probs if these are what old ones are there",
    ),
    Same("policy_loss_type", "cross_entropy", "", "supervised: `fit` with SupervisedModule"),
    Same("advantage_estimator", "grpo", _TOKENS),
    Same("advantage_estimator", "rloo", "rloo()"),
    Same("advantage_estimator", "reinforce++", "reinforce_pp()"),
    Same("advantage_estimator", "maxrl", "max_rl()"),
    Same("loss_reduction", "prompt_mean", f"with_parts({_TOKENS}, aggregation=PromptMean())"),
)

MS_SWIFT: tuple[Same, ...] = (
    Same("loss_type", "grpo, bnpo, dr_grpo, dapo, cispo, sapo", _TOKENS, "as TRL; KL cut to +-10, correction weighs it too"),
    Same("loss_type", "fipo", f"fipo(with_parts({_TOKENS}, token_loss=ClippedSurrogate(0.2, 0.28)))"),
    Same(
        "delta (with fipo)",
        "3.0",
        f"fipo(with_parts({_TOKENS}, token_loss=DualClippedSurrogate(ClippedSurrogate(0.2, 0.28), 3.0)), drop_above=3.0)",
    ),
    Same("loss_type", "real", "real()", "a response without tokens counts as a wrong one there"),
    Same("importance_sampling_level", "sequence, sequence_token", "gspo()"),
    Same("scale_rewards", "batch", "lite_ppo()"),
    Same("scale_rewards", "batch (rloo)", "with_parts(rloo(), reweights=[BatchScaled('rewards')])"),
    Same("scale_rewards", "batch (reinforce_plus_plus)", "lite_ppo(deviation='centred')"),
    Same("scale_rewards", "gdpo", "gdpo(eps=1e-8, batch_eps=1e-8)"),
    Same(
        "off_policy_sequence_mask_delta", "0.5", f"with_parts({_TOKENS}, token_reweights=[OffPolicyMask(0.5)])", "masked there"
    ),
    Same("kl_in_reward", "true", "", "a KL is part of the loss here"),
)

SLIME: tuple[Same, ...] = (
    Same("--advantage-estimator", "grpo", "grpo()"),
    Same("--advantage-estimator", "gspo", "gspo()"),
    Same("--advantage-estimator", "cispo", "cispo()"),
    Same("--advantage-estimator", "reinforce_plus_plus", "reinforce_pp()"),
    Same("--advantage-estimator", "reinforce_plus_plus_baseline", "reinforce_pp_baseline()"),
    Same("--eps-clip-c", "3.0", f"with_parts({_TOKENS}, token_loss=DualClippedSurrogate(cap=3.0))"),
    Same("--use-opsm --opsm-delta", "1e-4", f"with_parts({_TOKENS}, token_reweights=[OffPolicyMask(1e-4)])"),
    Same("--use-tis --tis-clip", "2.0", f"corrected({_TOKENS}, TokenTruncated(2.0))"),
    Same("--disable-grpo-std-normalization", "", f"with_parts({_TOKENS}, estimator=Centred())"),
    Same("--use-unbiased-kl", "", f"with_parts({_TOKENS}, regularizers=[ReferenceKL(0.001, 'k3', weighted=True)])"),
)

NEMO_RL: tuple[Same, ...] = (
    Same(
        "adv_estimator.name",
        "grpo",
        _TOKENS,
        "with use_leave_one_out_baseline: false; its default leaves one out of the std too",
    ),
    Same("adv_estimator.name", "reinforce_plus_plus", "reinforce_pp()", "biased variance, at least 1e-8"),
    Same("adv_estimator.name", "gdpo", "gdpo(eps=1e-6, batch_eps=0.0)", "its default leaves one out of mean and std"),
    Same("adv_estimator.name", "gae", "", "no critic"),
    Same("ratio_clip_c", "3.0", f"with_parts({_TOKENS}, token_loss=DualClippedSurrogate(cap=3.0))"),
    Same("use_cispo", "true", "cispo()"),
    Same("sequence_level_importance_ratios", "true", "gspo()"),
    Same("disable_ppo_ratio", "true", f"with_parts({_TOKENS}, token_loss=Likelihood())"),
    Same("truncated_importance_sampling_type", "tis", f"corrected({_TOKENS}, TokenTruncated(2.0))"),
    Same("truncated_importance_sampling_type", "icepop", f"corrected({_TOKENS}, TokenMask(0.5, 2.0))"),
    Same("truncated_importance_sampling_type", "seq-mask-tis", "", "token weights under a mask of responses"),
    Same("positive_example_nll_weight", "0.1", "", "a second loss on right responses"),
)

TRAINERS: dict[str, tuple[Same, ...]] = {
    "TRL": TRL,
    "verl": VERL,
    "prime-rl": PRIME_RL,
    "SkyRL": SKYRL,
    "ms-swift": MS_SWIFT,
    "slime": SLIME,
    "NeMo-RL": NEMO_RL,
}
"""All tables, as the page shows them."""
