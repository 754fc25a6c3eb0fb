"""Presets that change with the run or with how hard a problem is: schedules, feedback, calibrated errors. 2025 and 2026."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from asym_lit.objectives.calibration import CalibratedErrors, NormalisedUnlessAllWrong
from asym_lit.objectives.feedback import EntropyControl
from asym_lit.objectives.marginal_gain import MarginalGain
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.presets.baselines import grpo
from asym_lit.objectives.presets.signed import w_reinforce
from asym_lit.objectives.scheduled import AdaptiveOutcome, ScheduledSurrogate
from asym_lit.types import Schedule


def a_nsr(
    form: Literal["exponential", "cosine", "share"] = "exponential",
    total_steps: int | None = None,
    right: float = 0.05,
    right_gain: float = 0.15,
    wrong: float = 0.5,
    wrong_gain: float = 1.0,
    decay: float = 0.03,
    clip: float = 0.2,
) -> Objective:
    """A-NSR (arXiv 2605.07137): W-REINFORCE with weights that move: wrong ones from 1.5 down to 0.5, right ones up to 0.2.

    Assumes that wrong answers should be pushed most at the start. With gains of 0 it is `w_reinforce(right, wrong)`. The
    exponential form counts steps: at 0.03 it is over after 100, however long the run. The paper's CW-NSR, wrong responses by
    their likelihood, is not made, for its formula could not be had; `ace` and `lens` are its relatives.

    Args:
        form: `exponential` in the step (recommended), `cosine` over the run, or by the `share` of right responses in the batch.
        total_steps: Rollout steps that the run is taken to have; None for its own.
        right: Weight of right responses at the start.
        right_gain: What it gains until the end; 0 to stay.
        wrong: Least weight of wrong responses.
        wrong_gain: What is added at the start, or where nothing is right; 0 to stay.
        decay: Of the exponential form, per rollout step.
        clip: Half-width of the trust region.
    """
    outcome = AdaptiveOutcome(form, total_steps, right, right_gain, wrong, wrong_gain, decay)
    return replace(w_reinforce(clip=clip), reweights=(outcome,))


def adaptive_entropy(
    base: Objective,
    target: float = 0.2,
    delta: float = 1e-4,
    highest: float = 0.005,
    lowest: float = 0.0,
    start: float = 0.0,
    rule: Literal["skywork", "trl"] = "skywork",
) -> Objective:
    """Entropy control (Skywork-OR1, arXiv 2505.22312): any base, with a bonus `- c H` while H is below a target.

    c rises by delta while it is, else falls. TRL's `use_adaptive_entropy` is rule `trl`, delta 0.005, highest 1.0. What it
    remembers is in the checkpoint.

    Assumes that one number says how much the policy explores; 0.2 is for long answers of models of 7B and more. With highest
    and start of 0 it is the base.

    Args:
        base: What it is put on.
        target: Entropy per token, in nats, that it moves toward.
        delta: What c moves by; Skywork 1e-4 a rollout step, TRL 0.005 an update.
        highest: Largest c; 0 is the base. Skywork: 0.005, TRL: 1.0.
        lowest: Least c.
        start: c at the start.
        rule: When c moves and whether the first step has a bonus: `skywork` or `trl`.
    """
    control = EntropyControl(target, delta, highest, lowest, start, rule)
    return replace(base, regularizers=(*base.regularizers, control))


def scheduled_clip(
    base: Objective,
    clip_low: float = 0.2,
    clip_high: float = 0.2,
    clip_high_end: float = 0.28,
    steps: int = 100,
    form: Literal["linear", "cosine"] = "linear",
) -> Objective:
    """Clip-higher by and by: any base with the clipped surrogate, whose upper half-width goes from one value to another.

    DAPO's (arXiv 2503.14476) has 0.28 from the first step on. The schedule is ours, not published.

    Assumes that the base's token loss is the clipped surrogate, which it replaces. With both ends at the base's it is the base.

    Args:
        base: What it is put on.
        clip_low: Lower half-width of the trust region; it stays.
        clip_high: Upper half-width at the start.
        clip_high_end: Upper half-width from step `steps` on; `clip_high` to stay.
        steps: Rollout steps that it takes.
        form: `linear`, or `cosine`: half a wave, slow at both ends.
    """
    return replace(base, token_loss=ScheduledSurrogate(clip_low, Schedule(clip_high, clip_high_end, steps, form)))


def lens(
    alpha: float = 0.25,
    strength: float = 1.0,
    likelihood: Literal["per_token", "product"] = "per_token",
    clip: float = 0.2,
) -> Objective:
    """LENS (arXiv 2510.08696): GRPO in which a wrong answer costs more the surer the policy was, in all-wrong groups too.

    Published: groups of 16, no KL, temperature 1. Filters that drop uniform groups (`dapo`) drop what it lives on.

    Assumes that a wrong answer is worse the likelier it was: in an all-wrong group the least likely ones are reinforced. An
    all-right group has advantage 0. At strength 0 it is `grpo`, for verdicts that are worth 1 and 0.

    Args:
        alpha: Factor of all-wrong groups; 0 leaves them out. Published: 0.25.
        strength: Of the calibration; 0 is `grpo`. Published: 1.
        likelihood: Of right responses, in the bound D: per token, or of the whole response; the paper does not say which.
        clip: Half-width of the trust region.
    """
    shaper = CalibratedErrors(strength, likelihood)
    return replace(grpo(clip), reward_shapers=(shaper,), estimator=NormalisedUnlessAllWrong(alpha))


def bbg(
    base: Objective,
    k: int = 8,
    tau: float = 0.01,
    weigh: Literal["gate", "factor"] = "gate",
    all_wrong: float = 0.0,
) -> Objective:
    """BBG (arXiv 2606.15455): any base, without groups that one more right answer would add little to pass@k for.

    A group with m of n right counts if `u(m) >= tau (n + 1)`, `u(m) = k prod_{j < k} (n - m + j) / (n + 1 + j)`. The paper's
    k, tau, use as a weight, and push on all-wrong groups could not be verified; the defaults are ours.

    Assumes that a prior without preference fits every problem. At `tau` 0, as a gate, with `all_wrong` 0, it is the base.

    Args:
        base: What it is put on; the paper: GRPO.
        k: Budget of pass@k; at 1 all groups are worth the same.
        tau: Threshold; 0 lets every group through.
        weigh: `gate`, or `factor`: groups that pass count by `u(m) / u(1)`.
        all_wrong: All-wrong groups get advantages of minus this; 0 leaves them to the base.
    """
    return replace(base, reweights=(*base.reweights, MarginalGain(k, tau, weigh, all_wrong)))
