"""Which objective here another trainer's option is: rows of the tables in `docs/objectives.md`, for TRL 1.16.0 and verl 0.9.1.

A recipe is written in Python, with names of `asym_lit.objectives` and its parts. Other trainers are in `same_elsewhere`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Same:
    """One value of an option there, and what it is here."""

    option: str
    value: str
    """As it is written there."""
    recipe: str = ""
    """What it is here; empty for nothing."""
    differs: str = ""
    """What is not the same; where it is nothing here, why."""


_TOKENS = "grpo(token_mean=True)"

TRL: tuple[Same, ...] = (
    Same("loss_type", "dapo", _TOKENS, "the default; `dapo` also takes uniform groups out of the denominator"),
    Same("loss_type", "grpo", "grpo()"),
    Same("loss_type", "bnpo", _TOKENS, "theirs over the local batch"),
    Same(
        "loss_type", "dr_grpo", "dr_grpo(max_tokens=256)", "with scale_rewards: none; alone theirs divides by the group's std"
    ),
    Same("loss_type", "cispo", "cispo_capped(cap=5.0)", "the cap is epsilon_high"),
    Same("loss_type", "sapo", "sapo()"),
    Same(
        "loss_type", "luspo", "luspo()", "with importance_sampling_level: sequence; with token, their default, `rloo`'s parts"
    ),
    Same("loss_type", "vespo", "vespo()", "lambdas below 1e-4 are raised to it there"),
    Same("loss_type", "gmpo (GMPOTrainer)", "gmpo()", "an empty response adds -A to the value there, and no gradient"),
    Same("scale_rewards", "group", f"with_parts({_TOKENS}, estimator=GroupNormalised(1e-4))", "the presets' eps is 1e-6"),
    Same("scale_rewards", "batch", "lite_ppo()"),
    Same("scale_rewards", "none", f"with_parts({_TOKENS}, estimator=Centred())"),
    Same("importance_sampling_level", "token", _TOKENS),
    Same("importance_sampling_level", "sequence", "gspo(3e-4, 4e-4)", "with loss_type: grpo; others: ratio=SequenceRatio()"),
    Same("epsilon_high", "0.28", f"with_parts({_TOKENS}, token_loss=ClippedSurrogate(0.2, 0.28))"),
    Same(
        "delta",
        "2.0",
        f"with_parts({_TOKENS}, token_loss=DualClippedSurrogate(ClippedSurrogate(0.2, 0.2), 2.0))",
        "equal from 1 + epsilon_high on; where A > 0 it does nothing there either",
    ),
    Same("beta", "0.04", "grpo(kl=0.04, token_mean=True)", "with use_bias_correction_kl: false"),
    Same(
        "use_bias_correction_kl",
        "true",
        f"with_parts({_TOKENS}, regularizers=[ReferenceKL(0.04, 'k3', weighted=True)])",
        "the default there",
    ),
    Same("entropy_coef", "0.01", "grpo(token_mean=True, entropy=0.01)", "theirs is a token mean whatever the loss's mean"),
    Same("top_entropy_quantile", "0.2", f"forking_tokens({_TOKENS}, 0.8)", "entropies of each update there, of rollout here"),
    Same("off_policy_mask_threshold", "0.5", f"with_parts({_TOKENS}, token_reweights=[OffPolicyMask(0.5)])"),
    Same("vllm_importance_sampling_mode", "token_truncate", f"corrected({_TOKENS}, TokenTruncated(3.0))"),
    Same("vllm_importance_sampling_mode", "token_mask", f"corrected({_TOKENS}, TokenMask(0.0, 3.0))"),
    Same("vllm_importance_sampling_mode", "sequence_truncate", f"corrected({_TOKENS}, SequenceTruncated(3.0))"),
    Same("vllm_importance_sampling_mode", "sequence_mask", f"corrected({_TOKENS}, SequenceMask(3.0))", "on by default there"),
    Same("multi_objective_aggregation", "normalize_then_sum", "gdpo()", "rewards and weights of the verifier Weighted"),
    Same("use_adaptive_entropy", "true", f"adaptive_entropy({_TOKENS}, 0.2, 0.005, 1.0, rule='trl')", "in PolicyModule alone"),
    Same("mask_truncated_completions", "true", "", "truncated responses count here"),
)

_CLIP = "ClippedSurrogate(0.2, 0.2)"

VERL: tuple[Same, ...] = (
    Same("adv_estimator", "gae", "", "no critic: the other responses to a prompt are the baseline"),
    Same("adv_estimator", "grpo", _TOKENS, "a group of one: A = r there, 0 here"),
    Same("adv_estimator", "grpo_vectorized", _TOKENS),
    Same("adv_estimator", "grpo_passk", "grpo_passk()", "set loss_agg_mode: seq-mean-token-mean there"),
    Same("adv_estimator", "rloo", "rloo()", "set loss_agg_mode: seq-mean-token-sum there; a group of one: A = r"),
    Same("adv_estimator", "rloo_vectorized", "rloo()", "as rloo; a group of one: 0"),
    Same("adv_estimator", "reinforce_plus_plus", "reinforce_pp()"),
    Same("adv_estimator", "reinforce_plus_plus_baseline", "reinforce_pp_baseline()"),
    Same("adv_estimator", "gpg", "gpg('rewarded')", "with loss_mode: gpg; `gpg()` is the paper's factor"),
    Same("adv_estimator", "opo", "opo()"),
    Same("adv_estimator", "remax", "remax()", "in PolicyModule and replay alone"),
    Same("adv_estimator", "gdpo", "gdpo('tokens', 1e-6, 1e-8)", "rewards and weights of the verifier Weighted"),
    Same("adv_estimator", "optimal_token_baseline", "otb()", "its weights of the sampler: otb(correction=...)"),
    Same("adv_estimator", "tir_optimal_token_baseline", "otb()", "tokens that a mask leaves out take no place in either"),
    Same("norm_adv_by_std_in_grpo", "false", f"with_parts({_TOKENS}, estimator=Centred())"),
    Same(
        "loss_mode",
        "vanilla",
        f"with_parts({_TOKENS}, token_loss=DualClippedSurrogate({_CLIP}, 3.0))",
        "the dual clip, clip_ratio_c, is always on there; `grpo` has none",
    ),
    Same("loss_mode", "dppo_tv", "dppo('tv', 0.2, 0.2, cap=3.0)", "clip_ratio_low, _high and _c, whose defaults these are"),
    Same("loss_mode", "dppo_kl", "dppo('kl', 0.2, 0.2, cap=3.0)", "as dppo_tv; published thresholds: `dppo('kl')`"),
    Same("loss_mode", "gspo", "with_parts(gspo(0.2, 0.2), aggregation=TokenMean())", "it follows loss_agg_mode there"),
    Same("loss_mode", "sapo", "sapo(1.0, 1.05)", "a mean of response means there whatever loss_agg_mode says"),
    Same("loss_mode", "gpg", f"with_parts({_TOKENS}, token_loss=Likelihood())"),
    Same("loss_mode", "clip_cov", "clip_cov(0.0002)"),
    Same("loss_mode", "kl_cov", "kl_cov(0.0002, 0.1)"),
    Same("loss_mode", "geo_mean", "gmpo(0.2, 0.2)", "a mean over each micro-batch there; correction: GeometricMean"),
    Same("loss_mode", "dro", "dro(beta=0.1)", "dro_beta has no default there either"),
    Same("loss_mode", "cispo", "cispo(0.2, 0.2)"),
    Same(
        "loss_mode",
        "bypass_mode",
        f"with_parts({_TOKENS}, ratio=TokenRatio('rollout'), token_loss=DualClippedSurrogate({_CLIP}, 3.0))",
        "loss_type: ppo_clip. rollout_correction.bypass_mode puts it in the place of any other loss_mode; rollout_rs: none",
    ),
    Same(
        "loss_mode",
        "bypass_mode, reinforce",
        f"with_parts({_TOKENS}, ratio=TokenRatio('rollout'), token_loss=ClippedWeight(0.0, 2.0))",
        "loss_type: reinforce with rollout_is: token, rollout_is_threshold 2",
    ),
    Same("loss_agg_mode", "token-mean", f"with_parts({_TOKENS}, aggregation=TokenMean())"),
    Same("loss_agg_mode", "token-sum", f"with_parts({_TOKENS}, aggregation=TokenSum())"),
    Same(
        "loss_agg_mode", "seq-mean-token-sum", f"with_parts({_TOKENS}, aggregation=SequenceSum())", "without empty rows there"
    ),
    Same(
        "loss_agg_mode", "seq-mean-token-mean", f"with_parts({_TOKENS}, aggregation=SequenceMean())", "without empty rows there"
    ),
    Same(
        "loss_agg_mode",
        "seq-mean-token-sum-norm",
        f"with_parts({_TOKENS}, aggregation=ConstantLength(1024))",
        "loss_scale_factor; the padded width if it is not given there",
    ),
    *(
        Same("kl_loss_type", there, f"with_parts({_TOKENS}, regularizers=[ReferenceKL(0.001, '{here}')])", differs)
        for there, here, differs in (
            ("low_var_kl", "k3", "at most 10 a token there; also written k3"),
            ("kl", "k1", "also written k1"),
            ("mse", "k2", "also written k2"),
            ("abs", "abs", ""),
            ("k1+", "k1+", "value of k1, gradient of k2"),
            ("low_var_kl+", "k3+", "also written k3+"),
            ("abs+", "abs+", ""),
        )
    ),
    Same("kl_loss_type", "full", "", "not implemented there"),
    Same("filter_groups.enable", "true", "dapo(max_draws=10)"),
    Same("rollout_is", "token", f"corrected({_TOKENS}, TokenTruncated(2.0))"),
    Same("rollout_is", "sequence", f"corrected({_TOKENS}, SequenceTruncated(2.0))"),
    Same("rollout_rs", "k2, k3, geometric", "", "no such rejection; TokenMask and SequenceMask where bounds of the ratio fit"),
    Same("use_kl_in_reward", "true", "", "a KL is part of the loss here"),
)
