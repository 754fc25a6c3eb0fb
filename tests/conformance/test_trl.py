"""TRL 1.16's `GRPOTrainer._compute_loss`, float32, on one batch of four responses; verl 0.10's losses on the same batch."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from asym_lit.objectives import (
    cispo_capped,
    clip_cov,
    dapo,
    dppo,
    dr_grpo,
    forking_tokens,
    gmpo,
    grpo,
    gspo,
    kl_cov,
    sapo,
    vespo,
)
from asym_lit.objectives.aggregations import GlobalCounts, SequenceSum
from asym_lit.objectives.corrections import NoCorrection
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.ratios import SequenceRatio
from asym_lit.objectives.regularizers import ReferenceKL
from asym_lit.objectives.token_losses import ClippedSurrogate, DualClippedSurrogate, Likelihood
from asym_lit.objectives.token_reweights import OffPolicyMask
from asym_lit.types import BatchPool, TokenScores
from fakes import make_experience

HERE = Path(__file__).parent
TRL = json.loads((HERE / "trl116_loss_fixtures.json").read_text())
VERL = json.loads((HERE / "verl010_loss_fixtures.json").read_text())
WIDER = ClippedSurrogate(0.2, 0.28)


class GivenWeights(NoCorrection):
    """The importance weights of the fixture, as they are."""

    def weights(self, experience):
        return torch.tensor(TRL["inputs"]["is_ratio"], dtype=torch.float64)


OURS = {
    "grpo": replace(grpo(), token_loss=WIDER),
    "dr_grpo": replace(dr_grpo(max_tokens=TRL["inputs"]["max_completion_length"]), token_loss=WIDER),
    "dapo": dapo(),
    "bnpo": dapo(),  # a token mean over the batch: with one micro-batch the same
    "cispo_epshigh5": cispo_capped(5.0),
    "cispo_epshigh1.28": cispo_capped(1.28),
    "sapo": replace(sapo(), aggregation=grpo().aggregation),
    "luspo_seq": Objective(ratio=SequenceRatio(), token_loss=WIDER, aggregation=SequenceSum()),
    "gspo_seq(grpo,sequence,3e-4/4e-4)": gspo(),
    "dapo_beta0.04": replace(dapo(), regularizers=(ReferenceKL(0.04),)),
    "dapo_delta1.5": replace(dapo(), token_loss=DualClippedSurrogate(WIDER, 1.5)),
    "dapo_top_entropy_0.2": forking_tokens(dapo(), 0.8),
    "dapo_tis": replace(dapo(), correction=GivenWeights()),
    "dapo_opm0.01": replace(dapo(), token_reweights=(OffPolicyMask(0.01),)),
    "grpo_accum2": replace(grpo(), token_loss=WIDER),
    "vespo": vespo(),
    "dapo_beta0.04_biaskl": replace(dapo(), regularizers=(ReferenceKL(0.04, weighted=True),)),
}


def problem():
    given = {name: torch.tensor(TRL["inputs"][name], dtype=torch.float64) for name in ("logp", "old", "ref", "mask")}
    entropy_BT = torch.tensor(TRL["inputs"]["entropy"], dtype=torch.float64)
    mask_BT = given["mask"]
    experience = make_experience(
        mask_BT,
        old_logprobs_BT=given["old"] * mask_BT,
        reference_logprobs_BT=given["ref"],
        advantages_BT=torch.tensor(TRL["inputs"]["advantages"], dtype=torch.float64)[:, None] * mask_BT,
        group_size=1,
    )
    experience.entropy_BT = entropy_BT
    experience.pool = BatchPool(entropy_BT[mask_BT.bool()].sort().values)
    return given["logp"], experience, GlobalCounts(float(mask_BT.sum()), len(mask_BT))


def loss_and_gradient(objective):
    logp_BT, experience, counts = problem()
    logprobs_BT = logp_BT.clone().requires_grad_()
    for reweight in objective.reweights:
        experience.advantages_BT = reweight(experience.advantages_BT, experience)
    loss = objective.loss(TokenScores(logprobs_BT), experience, counts).loss
    (gradient_BT,) = torch.autograd.grad(loss, logprobs_BT)
    return loss.detach(), gradient_BT


def test_every_case_of_trl_is_expressed():
    assert TRL["cases"].keys() == OURS.keys() and len(OURS) == 17


@pytest.mark.parametrize("name", OURS)
def test_losses_and_gradients_are_those_of_trl(name):
    case = TRL["cases"][name]
    loss, gradient_BT = loss_and_gradient(OURS[name])
    parts = case["args"].get("accum", 1)  # TRL divides by the number of accumulated batches; ours counts globally
    torch.testing.assert_close(loss / parts, torch.tensor(case["loss"], dtype=torch.float64), rtol=0, atol=1e-6)
    expected_BT = torch.tensor(case["grad"], dtype=torch.float64)
    torch.testing.assert_close(gradient_BT / parts, expected_BT, rtol=0, atol=1e-6)
    assert expected_BT.abs().max() > 1e-3


@pytest.mark.parametrize(
    ("name", "objective"),
    [
        # No token of this batch has a covariance between 1 and 5, so nothing is clipped by it.
        ("clip_cov", replace(clip_cov(), token_loss=replace(clip_cov().token_loss, surrogate=WIDER))),
        ("kl_cov", kl_cov(ratio=0.0002, coefficient=0.1)),  # verl's defaults
        ("gpg", Objective(token_loss=Likelihood())),
        ("vanilla_dualclip3_tokenmean", replace(dapo(), token_loss=DualClippedSurrogate(WIDER, 3.0))),
        ("geo_mean", gmpo(0.2, 0.28)),
        ("dppo_tv", dppo("tv", 0.2, 0.28, cap=3.0)),
        ("dppo_kl", dppo("kl", 0.2, 0.28, cap=3.0)),
    ],
)
def test_losses_and_gradients_are_those_of_verl_0_10(name, objective):
    loss, gradient_BT = loss_and_gradient(objective)
    torch.testing.assert_close(loss, torch.tensor(VERL[name]["loss"], dtype=torch.float64), rtol=0, atol=1e-6)
    expected_BT = torch.tensor(VERL[name]["grad"], dtype=torch.float64)
    torch.testing.assert_close(gradient_BT, expected_BT, rtol=0, atol=1e-6)
