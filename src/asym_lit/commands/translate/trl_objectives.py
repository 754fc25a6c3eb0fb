"""Which objective TRL's options of its loss are. What there is no part for is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asym_lit.commands.translate.options import Translation, number_of
from asym_lit.commands.translate.parts import CENTRED, add, around, dual_clip, entropy_bonus, kl, part, preset

TOKEN_MEANS = ("dapo", "bnpo")
CLIPPED = ("grpo", "dr_grpo", "luspo", *TOKEN_MEANS)
"""Losses that epsilon and delta bound."""
LENGTH = "${data.init_args.sampling.max_tokens}"


def trl_objective(made: Translation, given: Mapping[str, Any]) -> None:
    """Put the objective of TRL's options into the settings."""
    loss, low = str(given["loss_type"]), number_of(given, "epsilon")
    high = number_of(given, "epsilon_high", low)
    beta, entropy = number_of(given, "beta", 0), number_of(given, "entropy_coef", 0)
    weighted = beta != 0 and given.get("use_bias_correction_kl") is not False
    whole = given.get("importance_sampling_level") == "sequence"
    _base(made, given, loss, low, high, whole, {"kl": 0.0 if weighted else beta, "entropy": entropy})
    if loss in CLIPPED and given.get("delta") is not None:
        add(made, token_loss=dual_clip(low, high, number_of(given, "delta")))
    within_grpo = loss in ("grpo", *TOKEN_MEANS) and not whole
    if beta and (weighted or not within_grpo):
        add(made, regularizers=[kl(beta, weighted=weighted)])
    if entropy and not within_grpo:
        add(made, regularizers=[entropy_bonus(entropy)])
    if weighted and whole:
        made.notes.append("The KL is weighed by the ratio of the response there, by the token's here.")
    _scaled(made, loss, {True: "group", False: "none"}.get(given["scale_rewards"], str(given["scale_rewards"])))
    if given.get("off_policy_mask_threshold") is not None:
        threshold = number_of(given, "off_policy_mask_threshold")
        add(made, token_reweights=[part("token_reweights.OffPolicyMask", threshold=threshold)])
        if given.get("use_vllm"):
            made.notes.append(
                "off_policy_mask_threshold: from the sampler's log-probs there, from the trainer's old ones here."
            )
    quantile = given.get("top_entropy_quantile")
    if quantile is not None and number_of(given, "top_entropy_quantile") < 1:
        around(made, "forking_tokens", quantile=round(1 - number_of(given, "top_entropy_quantile"), 10))
        made.notes.append("top_entropy_quantile: by entropies of the rollout here, of each update there.")
    if given.get("use_vllm") and given.get("vllm_importance_sampling_correction") is not False:
        _corrected(made, given)


def _base(
    made: Translation, given: Mapping[str, Any], loss: str, low: float, high: float, whole: bool, added: dict[str, float]
) -> None:
    """The preset of the loss, with its clips; `added` is what `grpo` has knobs for."""
    clips = {"clip_low": low, "clip_high": high} if "epsilon" in given else {}
    if whole and loss in ("grpo", "luspo"):
        preset(made, {"grpo": "gspo"}.get(loss, loss), **clips)
    elif loss == "dr_grpo":
        preset(made, "dr_grpo", max_tokens=LENGTH, clip=low)
    elif loss == "cispo":
        preset(made, "cispo_capped", cap=high)
    elif loss == "sapo":
        names = {"tau_positive": "sapo_temperature_pos", "tau_negative": "sapo_temperature_neg"}
        preset(made, "sapo", **_given(given, names))
    elif loss == "vespo":
        names = {"k_right": "vespo_k_pos", "lambda_right": "vespo_lambda_pos"}
        preset(made, "vespo", **_given(given, names | {"k_wrong": "vespo_k_neg", "lambda_wrong": "vespo_lambda_neg"}))
    else:
        if loss not in CLIPPED:
            made.nowhere["loss_type"] = f"{loss}: no preset has it; GRPO with token mean stands in the recipe"
        preset(made, "grpo", clip=low, token_mean=loss != "grpo", **(added if not whole else {}))
        if loss == "luspo":
            add(made, aggregation=part("aggregations.SequenceSum"))
    if high != low and loss in ("grpo", "dr_grpo", "luspo", *TOKEN_MEANS) and not (whole and loss in ("grpo", "luspo")):
        add(made, token_loss=part("token_losses.ClippedSurrogate", clip_low=low, clip_high=high))
    if whole and loss not in ("grpo", "luspo", "vespo"):
        add(made, ratio=part("ratios.SequenceRatio"))


def _given(given: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, float]:
    return {ours: number_of(given, name) for ours, name in names.items() if given.get(name) is not None}


def _scaled(made: Translation, loss: str, scale: str) -> None:
    """What the rewards of a group are divided by; its own deviation is what presets do, but for `dr_grpo`."""
    if scale == "batch":
        add(made, estimator=part(CENTRED), reweights=[part("batch_reweights.BatchScaled")])
    elif scale == "none" and loss != "dr_grpo":
        add(made, estimator=part(CENTRED))
    elif scale == "group" and loss == "dr_grpo":
        add(made, estimator=part("advantages.GroupNormalised", eps=1e-4))
    elif scale not in ("group", "none"):
        made.nowhere["scale_rewards"] = f"{scale}: TRL has group, batch and none"


def _corrected(made: Translation, given: Mapping[str, Any]) -> None:
    mode = str(given.get("vllm_importance_sampling_mode", "sequence_mask"))
    most = number_of(given, "vllm_importance_sampling_clip_max", number_of(given, "vllm_importance_sampling_cap", 3.0))
    kinds = {"token_truncate": "TokenTruncated", "token_mask": "TokenMask", "sequence_truncate": "SequenceTruncated"}
    kind = kinds.get(mode, "SequenceMask")
    bounds = {"low": 0.0, "high": most} if kind == "TokenMask" else {("cap" if "Truncated" in kind else "high"): most}
    around(made, "corrected", correction=part(f"corrections.{kind}", **bounds))
