"""Which preset another trainer's options of its loss are. What no preset has is said, with what it would be in Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asym_lit.commands.translate.options import Translation, number_of, whole_of

PLACE = "model.init_args.objective"


def _preset(made: Translation, name: str, /, **arguments: Any) -> dict[str, Any]:
    preset: dict[str, Any] = {"class_path": f"asym_lit.objectives.{name}"}
    if arguments:
        preset["init_args"] = arguments
    made.settings[PLACE] = preset
    return preset


def _clipped(made: Translation, low: float, high: float, kl: float, entropy: float, token_mean: bool) -> None:
    """The clipped surrogate with group-normalised advantages: GRPO, or DAPO where its two clips differ."""
    if high == low:
        _preset(made, "grpo", clip=low, kl=kl, token_mean=token_mean, entropy=entropy)
        return
    _preset(made, "dapo", clip_low=low, clip_high=high, max_draws=1)
    made.notes.append("dapo(max_draws: 1): uniform groups leave the denominator, which they stay in there.")
    for name, value in (("kl", kl), ("entropy", entropy)):
        if value:
            made.nowhere[f"{name} beside two clips"] = (
                f"{value}: no preset has both; in Python replace(dapo(), regularizers=...)"
            )
    if not token_mean:
        made.notes.append("dapo is a token mean; a mean of response means with two clips is in no preset.")


def trl_objective(made: Translation, given: Mapping[str, Any]) -> None:
    """Put the preset of TRL's options into the settings."""
    loss, low = str(given["loss_type"]), number_of(given, "epsilon")
    high = number_of(given, "epsilon_high", low)
    kl, entropy = number_of(given, "beta", 0), number_of(given, "entropy_coef", 0)
    scale = {True: "group", False: "none"}.get(given["scale_rewards"], str(given["scale_rewards"]))
    clips = {"clip_low": low, "clip_high": high} if "epsilon" in given else {}
    if given.get("importance_sampling_level") == "sequence":
        _preset(made, "gspo", **clips)
        if loss != "grpo":
            made.notes.append(f"loss_type {loss} with sequence ratios weighs responses by length there, gspo does not.")
    elif loss == "dr_grpo":
        _preset(made, "dr_grpo", max_tokens="${data.init_args.sampling.max_tokens}", clip=low)
        if scale != "none":
            made.notes.append(f"dr_grpo centres rewards; with scale_rewards {scale} they are divided by a deviation there.")
    elif loss == "cispo":
        _preset(made, "cispo_capped", cap=high)
    elif loss == "sapo":
        found = {"tau_positive": "sapo_temperature_pos", "tau_negative": "sapo_temperature_neg"}
        _preset(made, "sapo", **{ours: number_of(given, name) for ours, name in found.items() if given.get(name) is not None})
    elif loss in ("luspo", "vespo"):
        made.nowhere["loss_type"] = f"{loss}: no preset has it; GRPO with token mean stands in the recipe"
        _clipped(made, low, low, kl, entropy, True)
    else:
        _clipped(made, low, high, kl, entropy, loss != "grpo")
    if scale == "batch" or (scale == "none" and loss != "dr_grpo"):
        made.nowhere["scale_rewards"] = f"{scale}: Centred() in Python; no preset has it beside {loss}"
    if kl and loss in ("dr_grpo", "cispo", "sapo"):
        made.nowhere["beta"] = f"{kl}: the preset of {loss} has no KL; in Python replace(..., regularizers=...)"
    if kl and given.get("use_bias_correction_kl") is not False:
        made.notes.append("The KL is weighed by the ratio there (use_bias_correction_kl), and not here.")
    quantile = given.get("top_entropy_quantile")
    if quantile is not None and number_of(given, "top_entropy_quantile") < 1:
        _around(made, "forking_tokens", quantile=round(1 - number_of(given, "top_entropy_quantile"), 10))
        made.notes.append("top_entropy_quantile: by entropies of the rollout here, of each update there.")
    if given.get("use_vllm") and given.get("vllm_importance_sampling_correction") is not False:
        _trl_correction(made, given)


def _trl_correction(made: Translation, given: Mapping[str, Any]) -> None:
    mode = str(given.get("vllm_importance_sampling_mode", "sequence_mask"))
    most = number_of(given, "vllm_importance_sampling_clip_max", number_of(given, "vllm_importance_sampling_cap", 3.0))
    kinds = {"token_truncate": "TokenTruncated", "token_mask": "TokenMask", "sequence_truncate": "SequenceTruncated"}
    kind = kinds.get(mode, "SequenceMask")
    arguments = {("cap" if "Truncated" in kind else "high"): most}
    part = {"class_path": f"asym_lit.objectives.corrections.{kind}", "init_args": arguments}
    _around(made, "corrected", correction=part)


def _around(made: Translation, name: str, /, **arguments: Any) -> None:
    _preset(made, name, base=made.settings[PLACE], **arguments)


def verl_objective(made: Translation, given: Mapping[str, Any]) -> None:
    """Put the preset of verl's options into the settings."""
    actor = "actor_rollout_ref.actor"
    estimator = str(given.get("algorithm.adv_estimator", "gae"))
    mode = str(given.get(f"{actor}.policy_loss.loss_mode", "vanilla"))
    both = number_of(given, f"{actor}.clip_ratio", 0.2)
    low, high = (number_of(given, f"{actor}.clip_ratio_{side}", both) for side in ("low", "high"))
    kl = number_of(given, f"{actor}.kl_loss_coef", 0.001) if given.get(f"{actor}.use_kl_loss") else 0.0
    entropy = number_of(given, f"{actor}.entropy_coeff", 0)
    average = str(given.get(f"{actor}.loss_agg_mode", "token-mean"))
    by_estimator = {
        "rloo": ("rloo", {"clip": low}),
        "rloo_vectorized": ("rloo", {"clip": low}),
        "reinforce_plus_plus": ("reinforce_pp", {"clip": low, "kl": kl}),
        "reinforce_plus_plus_baseline": ("reinforce_pp_baseline", {"clip": low}),
        "gpg": ("gpg", {}),
        "grpo_passk": ("grpo_passk", {"clip": low}),
    }
    ratio = f"{actor}.policy_loss"
    by_mode: dict[str, tuple[str, dict[str, Any]]] = {
        "gspo": ("gspo", {"clip_low": low, "clip_high": high}),
        "sapo": (
            "sapo",
            {"tau_positive": given.get(f"{actor}.tau_pos", 1.0), "tau_negative": given.get(f"{actor}.tau_neg", 1.05)},
        ),
        "cispo": ("cispo", {"clip_low": low, "clip_high": high}),
        "clip_cov": ("clip_cov", {"ratio": given.get(f"{ratio}.clip_cov_ratio", 2e-4), "clip": low}),
        "kl_cov": (
            "kl_cov",
            {"ratio": given.get(f"{ratio}.kl_cov_ratio", 2e-4), "coefficient": given.get(f"{ratio}.ppo_kl_coef", 0.1)},
        ),
    }
    name, arguments = by_estimator.get(estimator, by_mode.get(mode, ("", {})))
    if estimator not in ("grpo", "grpo_vectorized", *by_estimator):
        made.nowhere["algorithm.adv_estimator"] = f"{estimator}: no preset has it; GRPO stands in the recipe"
    if mode not in ("vanilla", "gpg", *by_mode):
        made.nowhere[f"{ratio}.loss_mode"] = f"{mode}: no preset has it; the clipped surrogate stands in the recipe"
    if name:
        _preset(made, name, **arguments)
        if kl and "kl" not in arguments:
            made.nowhere[f"{actor}.kl_loss_coef"] = (
                f"{kl}: the preset {name} has no KL; in Python replace(..., regularizers=...)"
            )
    elif given.get("algorithm.norm_adv_by_std_in_grpo") is False:
        length = given.get(f"{actor}.loss_scale_factor") or "${data.init_args.sampling.max_tokens}"
        _preset(made, "dr_grpo", max_tokens=length, clip=low)
        if average != "seq-mean-token-sum-norm":
            made.notes.append(f"dr_grpo sums over a constant length; loss_agg_mode is {average} there.")
    else:
        _clipped(made, low, high, kl, entropy, average == "token-mean")
    if given.get("algorithm.filter_groups.enable"):
        draws = whole_of(given, "algorithm.filter_groups.max_num_gen_batches", 10) or 10
        _preset(made, "dapo", clip_low=low, clip_high=high, max_draws=draws)
    if mode == "vanilla":
        made.notes.append("The dual clip (clip_ratio_c, 3 if not given) is always on there, and in no preset here.")
