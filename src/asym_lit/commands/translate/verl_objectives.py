"""Which objective verl's options of its loss are: a loss, an estimator, a mean. What there is no part for is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asym_lit.commands.translate.options import Translation, number_of, whole_of
from asym_lit.commands.translate.parts import CENTRED, add, dual_clip, entropy_bonus, kl, part, preset

ACTOR = "actor_rollout_ref.actor"
LOSS = f"{ACTOR}.policy_loss"
RAW = {"estimator": part("advantages.RawReward")}
GDPO = {"eps": 1e-6, "batch_eps": 1e-8, "over": "tokens"}
ESTIMATORS: dict[str, dict[str, Any]] = {
    "grpo": {},
    "grpo_vectorized": {},
    "grpo_passk": {"estimator": part("advantages.BestOfGroup")},
    "rloo": {"estimator": part("advantages.LeaveOneOut")},
    "rloo_vectorized": {"estimator": part("advantages.LeaveOneOut")},
    "reinforce_plus_plus": RAW | {"reweights": [part("group_reweights.Whitened")]},
    "reinforce_plus_plus_baseline": {"estimator": part(CENTRED), "reweights": [part("group_reweights.Whitened")]},
    "gpg": {"estimator": part(CENTRED), "reweights": [part("batch_reweights.RewardedShare")]},
    "opo": RAW | {"reweights": [part("baselines.LengthWeightedBaseline")]},
    "remax": RAW | {"reweights": [part("baselines.GreedyBaseline")]},
    "optimal_token_baseline": RAW | {"reweights": [part("baselines.OptimalTokenBaseline")]},
    "tir_optimal_token_baseline": RAW | {"reweights": [part("baselines.OptimalTokenBaseline")]},
    "gdpo": RAW | {"reweights": [part("several_rewards.DecoupledNormalisation", **GDPO)]},
}
"""`adv_estimator`, over presets whose own is GRPO's."""
AGGREGATIONS = {
    "token-mean": "TokenMean",
    "token-sum": "TokenSum",
    "seq-mean-token-sum": "SequenceSum",
    "seq-mean-token-mean": "SequenceMean",
    "seq-mean-token-sum-norm": "ConstantLength",
}
MEAN_OF_MEANS = ("gspo", "sapo", "geo_mean")
"""Losses whose preset is a mean of response means; all others are token means."""
KL_ESTIMATES = {"kl": "k1", "low_var_kl": "k3", "mse": "k2"}


def verl_objective(made: Translation, given: Mapping[str, Any]) -> None:
    """Put the objective of verl's options into the settings."""
    estimator = str(given.get("algorithm.adv_estimator", "gae"))
    mode = str(given.get(f"{LOSS}.loss_mode", "vanilla"))
    both = number_of(given, f"{ACTOR}.clip_ratio", 0.2)
    low, high = (number_of(given, f"{ACTOR}.clip_ratio_{side}", both) for side in ("low", "high"))
    _base(made, given, mode, low, high)
    if estimator not in ESTIMATORS:
        made.nowhere["algorithm.adv_estimator"] = f"{estimator}: nothing like it here; GRPO's advantages stand in the recipe"
    else:
        _advantages(made, estimator, given.get("algorithm.norm_adv_by_std_in_grpo") is not False)
    _averaged(made, given, mode)
    if given.get(f"{ACTOR}.use_kl_loss"):
        kind = str(given.get(f"{ACTOR}.kl_loss_type", "low_var_kl"))
        plain = kind.removesuffix("+")
        estimate = KL_ESTIMATES.get(plain, plain) + kind[len(plain) :]
        if estimate in ("k1", "k2", "k3", "abs", "k1+", "k2+", "k3+", "abs+"):
            estimate = estimate.replace("k2+", "k2")
            add(made, regularizers=[kl(number_of(given, f"{ACTOR}.kl_loss_coef", 0.001), estimate)])
        else:
            made.nowhere[f"{ACTOR}.kl_loss_type"] = f"{kind}: no such estimate"
    entropy = number_of(given, f"{ACTOR}.entropy_coeff", 0)
    if entropy:
        add(made, regularizers=[entropy_bonus(entropy)])
    if given.get("algorithm.filter_groups.enable"):
        draws = whole_of(given, "algorithm.filter_groups.max_num_gen_batches", 10) or 10
        add(made, group_filter=part("rewards.DropUniform", max_draws=draws))


def _advantages(made: Translation, estimator: str, normalise: bool) -> None:
    if estimator == "gdpo":
        made.notes.append("gdpo reads several rewards: write them, with their weights, under the verifier Weighted.")
        if not normalise:
            add(made, **RAW, reweights=[part("several_rewards.DecoupledNormalisation", **GDPO, normalise=False)])
            return
    if ESTIMATORS[estimator]:
        add(made, **ESTIMATORS[estimator])
    elif not normalise:
        add(made, estimator=part(CENTRED))


def _base(made: Translation, given: Mapping[str, Any], mode: str, low: float, high: float) -> None:
    cap = number_of(given, f"{ACTOR}.clip_ratio_c", 3.0)
    clips = {"clip_low": low, "clip_high": high}
    presets: dict[str, tuple[str, dict[str, Any]]] = {
        "gspo": ("gspo", clips),
        "sapo": ("sapo", _given(given, {"tau_positive": f"{ACTOR}.tau_pos", "tau_negative": f"{ACTOR}.tau_neg"})),
        "cispo": ("cispo", clips),
        "clip_cov": ("clip_cov", {"ratio": number_of(given, f"{LOSS}.clip_cov_ratio", 2e-4), "clip": low}),
        "kl_cov": (
            "kl_cov",
            {
                "ratio": number_of(given, f"{LOSS}.kl_cov_ratio", 2e-4),
                "coefficient": number_of(given, f"{LOSS}.ppo_kl_coef", 0.1),
            },
        ),
        "dppo_tv": ("dppo", {"divergence": "tv", "low": low, "high": high, "cap": cap}),
        "dppo_kl": ("dppo", {"divergence": "kl", "low": low, "high": high, "cap": cap}),
        "geo_mean": ("gmpo", {"low": low, "high": high}),
        "dro": ("dro", {"beta": number_of(given, f"{LOSS}.dro_beta", 0.1)}),
    }
    name, arguments = presets.get(mode, ("grpo", {"clip": low, "token_mean": True}))
    preset(made, name, **arguments)
    if mode == "gpg":
        add(made, token_loss=part("token_losses.Likelihood"))
    elif mode not in presets:
        add(made, token_loss=dual_clip(low, high, cap))
        if mode == "bypass_mode":
            add(made, ratio=part("ratios.TokenRatio", anchor="rollout"))
        elif mode != "vanilla":
            made.nowhere[f"{LOSS}.loss_mode"] = f"{mode}: nothing like it here; the clipped surrogate stands in the recipe"
    if mode == "dro" and given.get(f"{LOSS}.dro_beta") is None:
        made.notes.append("dro_beta is not given, which verl refuses; 0.1 stands in the recipe.")


def _averaged(made: Translation, given: Mapping[str, Any], mode: str) -> None:
    """The mean over tokens and responses, where it is not the preset's own. SAPO and GMPO have theirs whatever is written."""
    average = str(given.get(f"{ACTOR}.loss_agg_mode", "token-mean"))
    kind = AGGREGATIONS.get(average)
    if kind is None:
        made.nowhere[f"{ACTOR}.loss_agg_mode"] = f"{average}: no such mean"
    elif mode not in ("sapo", "geo_mean") and kind != ("SequenceMean" if mode in MEAN_OF_MEANS else "TokenMean"):
        length = given.get(f"{ACTOR}.loss_scale_factor") or "${data.init_args.sampling.max_tokens}"
        add(made, aggregation=part(f"aggregations.{kind}", **({"length": length} if kind == "ConstantLength" else {})))


def _given(given: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, float]:
    return {ours: number_of(given, name) for ours, name in names.items() if given.get(name) is not None}
