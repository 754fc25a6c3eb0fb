"""A knob's neutral value makes a preset equal to what it is built on, in loss and gradient; another value does not."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from asym_lit.objectives import (
    a3po,
    ace,
    ace_constant,
    ace_shuffled,
    bcpg_nsa,
    cispo,
    cispo_capped,
    clip_cov,
    corrected,
    dapo,
    differential_smoothing,
    dppo,
    drpo,
    entropy_shaping,
    f_grpo,
    fipo,
    forking_tokens,
    gmpo,
    gpg,
    grpo,
    gspo,
    kl_cov,
    lp_reg,
    luspo,
    nsr,
    nsr_full,
    nsr_grouped,
    psr,
    psr_full,
    psr_grouped,
    rollout_is,
    simko,
    ucpo,
    unlikeliness,
    vespo,
    w_reinforce,
    with_parts,
)
from asym_lit.objectives.aggregations import GlobalCounts, SequenceSum, TokenSum
from asym_lit.objectives.corrections import NoCorrection, TokenTruncated
from asym_lit.objectives.regularizers import ReferenceKL
from asym_lit.objectives.token_losses import ClippedSurrogate, DualClippedSurrogate, Likelihood
from asym_lit.types import TokenScores
from fakes import LossProblem, assert_different_objective, assert_same_objective, make_experience

TOKENS = grpo(token_mean=True)
WIDE = ClippedSurrogate(1.0, 1.0)
UNCLIPPED = replace(TOKENS, token_loss=ClippedSurrogate(1.0, 1e9))


@pytest.mark.parametrize(
    ("neutral", "base", "active"),
    [
        (simko(alpha=0, lambda_top1=1), TOKENS, simko(alpha=0.3)),
        (simko(alpha=0, lambda_top1=1, penalty_on="ratio"), TOKENS, simko(alpha=0, lambda_top1=1.5, penalty_on="ratio")),
        (simko(alpha=0, lambda_top1=1, scope="batch"), TOKENS, simko(alpha=0.3, scope="batch")),
        (simko(alpha=0.3, top_n=1), simko(alpha=0.3, top_n=1, proportional=True), simko(alpha=0.3, proportional=True)),
        (ace(grpo(), alpha=0), grpo(), ace(grpo(), alpha=1)),
        (ace(grpo(), clip_shift=100.0), ace(grpo()), ace(grpo(), clip_shift=0.001)),
        (ace_constant(grpo(), alpha=0), grpo(), ace_constant(grpo())),
        (ace_shuffled(grpo(), alpha=0), grpo(), ace_shuffled(grpo())),
        (psr_grouped(grpo(), negative=1), grpo(), psr_grouped(grpo())),
        (nsr_grouped(grpo(), positive=1), grpo(), nsr_grouped(grpo())),
        (w_reinforce(1, 0), psr_full(), w_reinforce(0.5, 0)),
        (w_reinforce(0, 1), nsr_full(), w_reinforce(0.1, 1)),
        (cispo(1.0, 4.0), cispo_capped(5.0), cispo(0.0, 4.0)),
        (f_grpo(grpo(), gamma=0), grpo(), f_grpo(grpo())),
        (ucpo(grpo(), tau=0), grpo(), ucpo(grpo(), tau=0.8)),
        (differential_smoothing(grpo(), 0, 0), grpo(), differential_smoothing(grpo(), 0.1, 0.1)),
        (forking_tokens(dapo(), 0), dapo(), forking_tokens(dapo(), 0.8)),
        (unlikeliness(grpo(), 0), grpo(), unlikeliness(grpo(), 0.9)),
        (kl_cov(ratio=0), replace(TOKENS, token_loss=ClippedSurrogate(1.0, 1e9)), kl_cov(ratio=0.5)),
        (kl_cov(coefficient=0), kl_cov(ratio=0), kl_cov(ratio=0.5)),
        (
            clip_cov(ratio=0),
            replace(TOKENS, token_loss=DualClippedSurrogate(WIDE, 10.0)),
            clip_cov(ratio=0.9, low=-9, high=9),
        ),
        (lp_reg(coefficient=0), replace(TOKENS, token_loss=ClippedSurrogate(1.0, 9.0)), lp_reg(quantile=0.9)),
        (corrected(grpo(), NoCorrection()), grpo(), None),
        (replace(grpo(), token_loss=DualClippedSurrogate(ClippedSurrogate(0.2, 0.2), 1e9)), grpo(), None),
        (dppo(low=1, high=1, cap=None), UNCLIPPED, dppo(low=0.01, high=0.01, cap=None)),
        (dppo(low=1, high=1, cap=1e9, anchor="rollout"), dppo(low=1, high=1, cap=1e9), dppo(cap=1.0)),
        (dppo("kl", math.inf, math.inf, cap=None), UNCLIPPED, dppo("kl", 1e-4, 1e-4, cap=None)),
        (dppo(two_sided=True, low=1, high=1, cap=None), UNCLIPPED, dppo(two_sided=True, low=0.01, high=0.01)),
        (dppo(tether=0.0), dppo(), dppo(tether=0.1)),
        (rollout_is(1.0, math.inf), cispo_capped(1e9), rollout_is(0.01, 0.01)),
        (gmpo(math.inf, math.inf), gspo(1.0, 1e9), gmpo(0.01, 0.01)),
        (luspo(1.0, 1e9), replace(gspo(1.0, 1e9), aggregation=SequenceSum()), luspo(1e-3, 1e-3)),
        (drpo(math.inf), UNCLIPPED, drpo(0.1)),
        (drpo(math.inf, mu_weighted=False), UNCLIPPED, drpo(0.1, mu_weighted=False)),
        (drpo(0.1, anchor="rollout"), drpo(0.1, anchor="old"), None),  # the engine of these problems agrees with the trainer
        (vespo(0, 0, 0, 0), replace(TOKENS, token_loss=Likelihood()), vespo()),
        (entropy_shaping(grpo(), alpha=0), grpo(), entropy_shaping(grpo())),
        (entropy_shaping(grpo(), kappa=math.inf), grpo(), entropy_shaping(grpo(), kappa=1)),
        (a3po(grpo(), right_low_scale=1, wrong_high_scale=1), grpo(), a3po(grpo())),
        (a3po(grpo(), right_low_share=0, wrong_high_share=0), grpo(), a3po(grpo(), by="entropy")),
        (fipo(grpo(), low=1, high=1, safety=math.inf), grpo(), fipo(grpo(), low=0.5, high=2)),
        (with_parts(grpo()), grpo(), with_parts(grpo(), aggregation=TokenSum())),
        (
            with_parts(grpo(), regularizers=[ReferenceKL(0.1)]),
            grpo(kl=0.1),
            with_parts(grpo(), regularizers=[ReferenceKL(9.0)]),
        ),
        (gpg("mixed"), gpg(), gpg("rewarded")),
        (bcpg_nsa(beta=1, tau=0), replace(gpg(), reweights=(), aggregation=grpo().aggregation), bcpg_nsa(beta=1, tau=0.5)),
    ],
)
def test_a_neutral_knob_leaves_the_base_and_another_does_not(neutral, base, active):
    assert_same_objective(neutral, base)
    if active is not None:
        assert_different_objective(active, base)


@given(st.integers(0, 10_000))
def test_psr_and_nsr_add_up_to_reinforce_on_the_full_batch(seed):
    problem = LossProblem.random(seed)
    parts = [problem.loss_and_gradient(preset) for preset in (psr_full(), nsr_full(), w_reinforce(1, 1))]
    torch.testing.assert_close(parts[0][0] + parts[1][0], parts[2][0], rtol=0, atol=1e-12)
    torch.testing.assert_close(parts[0][1] + parts[1][1], parts[2][1], rtol=0, atol=1e-12)


def test_the_authors_nsr_is_the_full_one_times_all_tokens_over_wrong_tokens():
    problem = LossProblem.random(1)
    experience = problem.experience
    wrong = ~experience.correct_B
    assert nsr().rollout_filter(experience.correct_B).tolist() == wrong.tolist()
    assert psr().rollout_filter(experience.correct_B).tolist() == experience.correct_B.tolist()
    full = problem.loss_and_gradient(nsr_full())[0]
    rows = wrong.nonzero().squeeze(-1).tolist()
    estimated = problem.estimated(nsr())
    part = estimated.rows(rows, estimated.mask_BT.shape[1])
    tokens = GlobalCounts(float(part.mask_BT.sum()), len(rows))
    logprobs_BTV = problem.logits_BTV.log_softmax(-1)[rows]
    logprobs_BT = logprobs_BTV.gather(-1, problem.response_BT[rows][..., None]).squeeze(-1) * part.mask_BT
    dropped = nsr().loss(TokenScores(logprobs_BT), part, tokens).loss
    torch.testing.assert_close(dropped * tokens.tokens / problem.counts.tokens, full)


def test_a_constant_confidence_is_the_constant_control():
    problem = LossProblem.random(2)
    experience = replace(problem.experience, reference_logprobs_BT=problem.experience.old_logprobs_BT)  # c = 0
    advantages_BT = grpo().estimate(experience)
    weighed = ace(grpo(), alpha=0.7).reweights[0](advantages_BT, experience)
    torch.testing.assert_close(weighed, ace_constant(grpo(), alpha=0.7).reweights[0](advantages_BT, experience))
    assert (weighed / advantages_BT)[advantages_BT < 0].mean() == pytest.approx(1 + 0.7 * math.log(2))


def test_the_shuffled_control_deals_out_the_same_factors():
    experience = make_experience(
        [[1.0]] * 4,
        old_logprobs_BT=torch.tensor([[-1.0], [-2.0], [-3.0], [-4.0]], dtype=torch.float64),
        reference_logprobs_BT=torch.zeros(4, 1, dtype=torch.float64),
    )
    wrong_BT = -torch.ones(4, 1, dtype=torch.float64)
    straight = ace(grpo()).reweights[0](wrong_BT, experience)
    dealt = ace_shuffled(grpo(), seed=1).reweights[0](wrong_BT, experience)
    torch.testing.assert_close(dealt.sort(0).values, straight.sort(0).values)
    assert dealt.tolist() != straight.tolist()


def test_a_warm_up_is_the_base_until_its_last_step():
    objective = simko(warm_up_steps=50)
    assert objective.at(0) == objective.at(49) == TOKENS
    assert objective.at(50) is objective
    assert simko().at(0) == simko()


def test_a_truncated_weight_of_an_exact_sampler_is_one():
    problem = LossProblem.random(3)
    experience = problem.experience  # its sampler log-probs are the old ones
    assert TokenTruncated().weights(experience).unique().tolist() == [1.0]
    assert_same_objective(corrected(grpo(), TokenTruncated()), grpo())
