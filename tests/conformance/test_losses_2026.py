"""Losses of verl 0.9.1, TRL 1.16.0, prime-rl, SkyRL, ms-swift and of papers' authors on 6 groups of 4; README has the rest."""

from __future__ import annotations

from math import inf
from pathlib import Path

import numpy as np
import pytest
import torch

from asym_lit.objectives import (
    cispo,
    cispo_capped,
    corrected,
    dppo,
    dr_grpo,
    dro,
    drpo,
    fipo,
    gmpo,
    grpo,
    gspo,
    luspo,
    rloo,
    rollout_is,
    sapo,
    vespo,
    with_parts,
)
from asym_lit.objectives.aggregations import (
    ConstantLength,
    GlobalCounts,
    SequenceMean,
    SequenceSum,
    TokenMean,
    TokenSum,
)
from asym_lit.objectives.combined_corrections import GeometricMean
from asym_lit.objectives.corrections import NoCorrection
from asym_lit.objectives.ratios import TokenRatio
from asym_lit.objectives.regularizers import ReferenceKL
from asym_lit.objectives.reweights import SignScaling
from asym_lit.objectives.token_losses import ClippedSurrogate, DualClippedSurrogate, Likelihood
from asym_lit.types import TokenScores
from fakes import make_experience

HERE = Path(__file__).parent
TOKENS = grpo(token_mean=True)
WIDER = ClippedSurrogate(0.2, 0.28)
ENGINE = {"cap": None, "anchor": "rollout"}
AGGREGATIONS = {
    "token-mean": TokenMean(),
    "token-sum": TokenSum(),
    "seq-mean-token-sum": SequenceSum(),
    "seq-mean-token-mean": SequenceMean(),
    "seq-mean-token-sum-norm": ConstantLength(10),
}
EMPTY = "__empty_row"


class Given(NoCorrection):
    """The weights of the file, as they are."""

    def weights(self, experience):
        return load(self.file)["is_weights"]


def given(file):
    """A correction that reads its weights from a file."""
    correction = Given()
    object.__setattr__(correction, "file", file)
    return correction


def load(name):
    return {key: torch.from_numpy(np.asarray(value)) for key, value in np.load(HERE / f"{name}.npz").items()}


VERL = {
    "dppo_tv": dppo(),
    "dppo_tv_default_cap": dppo(cap=3.0),
    "dppo_tv_no_cap": dppo(cap=1e4),
    "dppo_tv_asymmetric": dppo(low=0.05, high=0.3),
    "dppo_kl": dppo("kl"),
    "dppo_kl_asymmetric": dppo("kl", 0.01, 0.2),
    "dppo_tv_is": corrected(dppo(), given("verl091_losses")),
    **{f"dppo_tv_{name}": with_parts(dppo(), aggregation=part) for name, part in AGGREGATIONS.items()},
    **{
        f"vanilla_dual3_{name}": with_parts(grpo(), token_loss=DualClippedSurrogate(WIDER, 3.0), aggregation=part)
        for name, part in AGGREGATIONS.items()
    },
    "geo_mean": gmpo(),
    "geo_mean_asymmetric": gmpo(0.2, 0.6),
    "geo_mean_is": corrected(gmpo(), GeometricMean(given("verl091_losses"))),
    "dro_beta_0.1": dro(0.1),
    "dro_beta_1": dro(1.0),
    "dro_beta_1_seq": with_parts(dro(1.0), aggregation=SequenceSum()),
    "sapo": sapo(),
    "cispo": cispo(1.0, 4.0),
    "gpg": with_parts(TOKENS, token_loss=Likelihood()),
    "gspo_token-mean": with_parts(gspo(0.002, 0.003), aggregation=TokenMean()),
    "gspo_seq-mean-token-mean": gspo(0.002, 0.003),
}
TRL = {
    "cispo_cap_1.2": cispo_capped(1.2),
    "sapo_2_4": sapo(2.0, 4.0),
    "dr_grpo": with_parts(dr_grpo(16), token_loss=WIDER),
    "dapo_delta_1.5": with_parts(TOKENS, token_loss=DualClippedSurrogate(ClippedSurrogate(0.2, 0.2), 1.5)),
    "luspo": luspo(),
    "luspo_wide": luspo(0.2, 0.3),
    "luspo_token": rloo(),
    "vespo": vespo(),
    "vespo_near": vespo(),
    "vespo_4_1": vespo(1.0, 1.0, 4.0, 0.5),
    "vespo_is": corrected(vespo(), given("trl116_losses")),
    "gmpo": gmpo(),
    "gmpo_asymmetric": gmpo(0.2, 0.6),
    "gmpo_kl": with_parts(gmpo(), regularizers=[ReferenceKL(0.1)]),
    "dapo_kl": grpo(token_mean=True, kl=0.1),
    "dapo_kl_bias_corrected": with_parts(TOKENS, regularizers=[ReferenceKL(0.1, "k3", weighted=True)]),
}
PRIME_RL = {
    "default": dppo(low=0.2, high=0.2, tether=1e-3, **ENGINE),
    "default_no_kl": dppo(low=0.2, high=0.2, **ENGINE),
    "default_asymmetric": with_parts(dppo(low=0.05, high=0.3, tether=0.1, **ENGINE), reweights=[SignScaling(0.5, 0.5)]),
    "ipo": dppo(two_sided=True, tether=1e-3, **ENGINE),
}
SKYRL = {
    "dppo_tv": dppo(low=0.2, high=0.2, **ENGINE),
    "dppo_tv_old": dppo(low=0.2, high=0.2, cap=None),
    "dppo_kl": dppo("kl", **ENGINE),
    "rollout_is": rollout_is(0.2, 0.28),
}
AUTHORS = {
    "stable_rl_dppo_binary_tv": dppo(anchor="rollout"),
    "stable_rl_dppo_binary_tv_recompute": with_parts(dppo(), ratio=TokenRatio("rollout")),
    "stable_rl_dppo_binary_kl": dppo("kl", anchor="rollout"),
    "stable_rl_dppo_binary_kl_recompute": with_parts(dppo("kl"), ratio=TokenRatio("rollout")),
    "stable_rl_pg_no_mask": dppo(low=1.0, high=1.0, anchor="rollout"),
    "vespo": vespo(),
    "vespo_is": corrected(vespo(), given("authors_losses")),
    "drpo_12.5": drpo(),
    "drpo_0.15": drpo(0.15),
    "drpo_12.5_spo": drpo(mu_weighted=False),
    "drpo_0.15_spo": drpo(0.15, mu_weighted=False),
}
WIDE, DUAL = (with_parts(TOKENS, token_loss=loss) for loss in (WIDER, DualClippedSurrogate(WIDER, 3.0)))
MS_SWIFT = {
    "fipo": fipo(WIDE),
    "fipo_delta_3": fipo(DUAL, drop_above=3.0),
    "fipo_two_sided": fipo(WIDE, low=0.8),
    "fipo_half_life_2_no_clip_no_safety": fipo(WIDE, half_life=2.0, low=0.0, high=inf, safety=inf),
    "fipo_neutral": fipo(WIDE, low=1.0, high=1.0, safety=inf),
}
FILES = {
    "verl091_losses": VERL,
    "trl116_losses": TRL,
    "prime_rl_losses": PRIME_RL,
    "skyrl030_losses": SKYRL,
    "authors_losses": AUTHORS,
    "ms_swift46_losses": MS_SWIFT,
}
NEAR = {"gspo_token-mean", "gspo_seq-mean-token-mean", "gspo", "luspo", "vespo_near"}
WITH_AN_EMPTY_ROW = {
    "verl091_losses": ["dppo_tv", "dppo_tv_seq-mean-token-mean", "vanilla_dual3_seq-mean-token-sum", "geo_mean", "dro_beta_1"],
    "trl116_losses": ["luspo", "vespo", "dr_grpo"],
    "prime_rl_losses": ["default"],
    "authors_losses": ["drpo_0.15"],
    "ms_swift46_losses": ["fipo"],
}
CASES = [(file, name) for file, cases in FILES.items() for name in cases]
CASES += [(file, name + EMPTY) for file, names in WITH_AN_EMPTY_ROW.items() for name in names]
TOLERANCES = {"skyrl030_losses": 1e-6}  # ratios in float32 there
SAPO_TOLERANCE = 1e-7  # 1e-8 beside each length there


def experience_of(file, case):
    """What a file says of a batch of 6 groups of 4, advantages per token, and the log-probs of now."""
    mask_BT = case["mask_with_empty_row" if file.endswith(EMPTY) else "mask"]
    advantages = case["advantages"]
    advantages_BT = (advantages if advantages.dim() > 1 else advantages[:, None]) * mask_BT
    return make_experience(
        mask_BT,
        old_logprobs_BT=case["old_log_probs"],
        sampler_logprobs_BT=case.get("rollout_log_probs", case["old_log_probs"]),
        reference_logprobs_BT=case.get("ref_log_probs"),
        advantages_BT=advantages_BT,
        group_size=4,
    )


def loss_and_gradient(file, name):
    case, plain = load(file), name.removesuffix(EMPTY)
    objective, experience = FILES[file][plain], experience_of(name, case)
    for reweight in objective.reweights:
        experience.advantages_BT = reweight(experience.advantages_BT, experience)
    logprobs_BT = case["log_probs_near" if plain in NEAR else "log_probs"].clone().requires_grad_()
    mask_BT = experience.mask_BT
    # verl leaves a response without tokens out of its means over responses, but for GMPO; TRL counts it.
    counted = len(mask_BT) if file.startswith("trl") or plain.startswith("geo_mean") else int(mask_BT.any(-1).sum())
    loss = objective.loss(TokenScores(logprobs_BT), experience, GlobalCounts(float(mask_BT.sum()), counted)).loss
    return loss.detach(), torch.autograd.grad(loss, logprobs_BT)[0], case[f"{name}__loss"], case[f"{name}__grad"]


@pytest.mark.parametrize(("file", "name"), CASES)
def test_losses_and_gradients_are_those_of_the_other(file, name):
    loss, gradient_BT, their_loss, their_gradient_BT = loss_and_gradient(file, name)
    tolerance = SAPO_TOLERANCE if (file, name) == ("verl091_losses", "sapo") else TOLERANCES.get(file, 1e-9)
    torch.testing.assert_close(loss, their_loss, rtol=0, atol=tolerance)
    torch.testing.assert_close(gradient_BT, their_gradient_BT, rtol=0, atol=tolerance)
    assert their_gradient_BT.abs().max() > 1e-4


def test_an_empty_response_adds_its_advantage_to_trls_gmpo_and_nothing_to_ours():
    loss, gradient_BT, their_loss, their_gradient_BT = loss_and_gradient("trl116_losses", "gmpo" + EMPTY)
    empty = load("trl116_losses")["advantages"][17]  # row 17 has no tokens: there g = 1, so - A / 24
    torch.testing.assert_close(their_loss - loss, -empty / 24, rtol=0, atol=1e-12)
    torch.testing.assert_close(gradient_BT, their_gradient_BT, rtol=0, atol=1e-12)


@pytest.mark.parametrize("estimate", ["k1", "abs", "k2", "k3", "k1+", "k3+", "abs+"])
def test_estimates_of_the_kl_have_verls_value_and_gradient(estimate):
    case = load("verl091_losses")
    mask_BT, logprobs_BT = case["mask"], case["log_probs"].clone().requires_grad_()
    experience = make_experience(mask_BT, reference_logprobs_BT=case["ref_log_probs"])
    found_BT = ReferenceKL(1.0, estimate)(TokenScores(logprobs_BT), experience) * mask_BT
    (gradient_BT,) = torch.autograd.grad(found_BT.sum(), logprobs_BT)
    torch.testing.assert_close(found_BT.detach(), case[f"kl_{estimate}__value"] * mask_BT, rtol=0, atol=1e-12)
    torch.testing.assert_close(gradient_BT, case[f"kl_{estimate}__grad"] * mask_BT, rtol=0, atol=1e-12)
    assert gradient_BT.abs().max() > 0.1


@pytest.mark.parametrize(
    ("file", "name"), [("verl091_losses", "dppo_tv"), ("prime_rl_losses", "default"), ("authors_losses", "drpo_0.15")]
)
def test_it_is_one_loss_however_the_batch_is_cut(file, name):
    case, objective = load(file), FILES[file][name]
    whole = experience_of(name, case)
    counts = GlobalCounts(float(whole.mask_BT.sum()), 24)
    logprobs_BT = case["log_probs"].clone().requires_grad_()
    parts = [list(range(start, min(start + 5, 24))) for start in range(0, 24, 5)]
    loss = sum(objective.loss(TokenScores(logprobs_BT[rows]), whole.rows(rows, 10), counts).loss for rows in parts)
    torch.testing.assert_close(loss.detach(), case[f"{name}__loss"], rtol=0, atol=1e-12)
