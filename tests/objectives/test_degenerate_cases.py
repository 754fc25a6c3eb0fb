"""What the docstrings of presets and parts say they become at their edges, and that each of them says what it assumes."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import asym_lit.objectives as objectives
from asym_lit.objectives import (
    ace,
    ace_constant,
    ace_shuffled,
    cispo,
    cispo_capped,
    dapo,
    differential_smoothing,
    dppo,
    dr_grpo,
    dro,
    drpo,
    f_grpo,
    fipo,
    gmpo,
    gpg,
    grpo,
    grpo_passk,
    gspo,
    lite_ppo,
    luspo,
    max_rl,
    nsr_full,
    pass_at_k_training,
    pkpo,
    psr_full,
    reinforce_pp,
    reinforce_rej,
    rloo,
    rollout_is,
    sapo,
    simko,
    unlikeliness,
    vespo,
    w_reinforce,
    with_parts,
)
from asym_lit.objectives.advantages import BestOfGroup, Centred, GroupNormalised, LeaveOneOut, MeanNormalised
from asym_lit.objectives.advantages_at_k import PassAtKGradient, PassAtKTraining
from asym_lit.objectives.aggregations import ConstantLength, GlobalCounts, SequenceMean, SequenceSum, TokenMean
from asym_lit.objectives.corrections import SequenceMask, SequenceTruncated, TokenMask, TokenTruncated
from asym_lit.objectives.gates import BatchEntropyGate, EntropyGate
from asym_lit.objectives.objective import advantages_of
from asym_lit.objectives.ratios import SequenceRatio, TokenRatio
from asym_lit.objectives.regularizers import ReferenceKL
from asym_lit.objectives.token_losses import ClippedSurrogate, ClippedWeight, DualClippedSurrogate, Likelihood, SoftGate
from asym_lit.types import TokenScores
from fakes import LossProblem, make_experience

FOLDER = Path(objectives.__file__).parent
NOT_PARTS = {"GlobalCounts", "LossTerms", "Objective", "TokenLossTerms", "WarmUp"}


def uniform(right: bool | None = None) -> LossProblem:
    """Groups that are all right or all wrong, three of each, or of one kind only."""
    problem = LossProblem.random(3, groups=6)
    correct_B = torch.arange(24) < 12 if right is None else torch.full((24,), right)
    experience = replace(problem.experience, correct_B=correct_B, rewards_B=correct_B.double())
    return replace(problem, experience=experience)


def on_policy(seed: int) -> LossProblem:
    """Before the first update, where every ratio is 1."""
    problem = LossProblem.random(seed)
    old_BT = (problem.logits_BTV.log_softmax(-1).gather(-1, problem.response_BT[..., None])).squeeze(-1)
    old_BT = old_BT * problem.experience.mask_BT
    return replace(problem, experience=replace(problem.experience, old_logprobs_BT=old_BT, reference_logprobs_BT=old_BT))


BASELINED = [grpo, gspo, cispo, cispo_capped, rloo, gpg, max_rl, sapo, simko, dapo, grpo_passk, pkpo, pass_at_k_training]
BASELINED += [dppo, drpo, gmpo, luspo, rollout_is, vespo, lite_ppo]


@pytest.mark.parametrize("preset", [*BASELINED, reinforce_rej, lambda: dr_grpo(6)])
def test_uniform_groups_give_no_gradient(preset):
    assert uniform().loss_and_gradient(preset())[1].abs().max() < 1e-12


PUSHED = [reinforce_pp(), w_reinforce(), differential_smoothing(grpo()), grpo(kl=0.01), dro(0.1), dppo(tether=0.1)]


@pytest.mark.parametrize("objective", PUSHED)
def test_uniform_groups_are_pushed_where_the_docstring_says_so(objective):
    assert uniform().loss_and_gradient(objective)[1].abs().max() > 1e-6


def test_a_batch_of_one_verdict_is_nothing_to_those_who_train_on_the_other():
    assert uniform(right=False).loss_and_gradient(psr_full())[1].abs().max() == 0
    assert uniform(right=True).loss_and_gradient(nsr_full())[1].abs().max() == 0
    # Whitened over the batch: 1 less the mean of 1.
    assert reinforce_pp().estimate(uniform(right=True).experience).abs().max() < 1e-9


def test_focal_weights_and_unlikeliness_part_right_groups_from_wrong_ones():
    right, wrong = uniform(right=True).experience, uniform(right=False).experience
    focal, base = f_grpo(w_reinforce()), w_reinforce()
    assert focal.estimate(right).abs().max() == 0  # (1 - 1)^1
    assert torch.equal(focal.estimate(wrong), base.estimate(wrong))  # (1 - 0)^1
    assert unlikeliness(grpo()).shape(wrong).abs().max() == 0
    # r (1 - beta rank / G) of four right ones, ranks 0 to 3.
    assert sorted(unlikeliness(grpo()).shape(right)[:4].tolist()) == [1 - 0.25 * 3 / 4, 1 - 0.25 * 2 / 4, 1 - 0.25 / 4, 1.0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (gspo(), grpo()),
        (sapo(2.0, 0.3), grpo()),
        (cispo(), grpo(token_mean=True)),
        (cispo_capped(), grpo(token_mean=True)),
        (replace(grpo(), token_loss=Likelihood()), grpo()),
        (ace(grpo()), ace_constant(grpo())),
        (ace(grpo(), activation="relu"), grpo()),
        (ace(grpo(), activation="centred_softplus"), grpo()),
        (ace_shuffled(grpo()), ace(grpo())),
        (dppo(), grpo(token_mean=True)),
        (dppo("kl", cap=None), grpo(token_mean=True)),
        (gmpo(), grpo()),
        (luspo(), with_parts(grpo(), aggregation=SequenceSum())),
        (vespo(), grpo(token_mean=True)),
        (dro(0.5), grpo(token_mean=True)),
        (drpo(0.1, anchor="old"), grpo(token_mean=True)),
        (fipo(grpo(), low=0.0, high=9.0), grpo()),
    ],
)
def test_before_the_first_update_they_have_one_gradient(one, other):
    for seed in range(4):
        problem = on_policy(seed)
        gradients = [problem.loss_and_gradient(objective)[1] for objective in (one, other)]
        assert gradients[0].abs().sum() > 0
        torch.testing.assert_close(*gradients, rtol=0, atol=1e-12)


@pytest.mark.parametrize("rewards", [[0.0] * 5, [1.0] * 5, [0.3] * 5])
def test_equal_rewards_give_no_advantage(rewards):
    at_k = [PassAtKGradient(3), PassAtKGradient(3, "leave_one_out"), PassAtKGradient(1, "leave_one_out")]
    for estimator in (GroupNormalised(), Centred(), LeaveOneOut(), MeanNormalised(), BestOfGroup(), *at_k):
        assert advantages_of(rewards, estimator) == pytest.approx([0.0] * 5, abs=1e-12)
    # Without a baseline: k r.
    assert advantages_of(rewards, PassAtKGradient(3, "none")) == pytest.approx([3 * rewards[0]] * 5)


@pytest.mark.parametrize("right", range(7))
def test_which_groups_of_zeros_and_ones_teach_anything(right):
    rewards = [1.0] * right + [0.0] * (6 - right)
    assert any(advantages_of(rewards, BestOfGroup())) == (right == 1)
    for k in (2, 3, 4):
        teaches = max(map(abs, advantages_of(rewards, PassAtKGradient(k)))) > 1e-12
        assert teaches == (right > 0 and 6 - right >= k - 1)
        assert any(advantages_of(rewards, PassAtKTraining(k))) == (right > 0 and 6 - right >= k)


def test_at_k_1_advantages_at_k_are_the_plain_ones():
    rewards = [1.0, 0.0, 0.0, 1.0, 0.0]
    assert advantages_of(rewards, PassAtKGradient(1)) == pytest.approx(rewards)
    assert advantages_of(rewards, PassAtKGradient(1, "leave_one_out")) == pytest.approx(advantages_of(rewards, LeaveOneOut()))
    # p = 0.4, standard deviation over n: sqrt(0.4 0.6) = 0.4899; right 0.6 / 0.4899 = 1.2247.
    wrong = -0.4 / 0.24**0.5
    expected = [0.6 / 0.24**0.5, wrong, wrong, 0.6 / 0.24**0.5, wrong]
    assert advantages_of(rewards, PassAtKTraining(1)) == pytest.approx(expected, rel=1e-5)


def test_aggregations_agree_where_lengths_are_equal():
    mask_BT, counts = torch.ones(4, 5), GlobalCounts(20, 4)
    mean_BT = SequenceMean()(mask_BT, counts)
    torch.testing.assert_close(TokenMean()(mask_BT, counts), mean_BT)  # 1 / 20
    torch.testing.assert_close(ConstantLength(5)(mask_BT, counts), mean_BT)  # 1 / (5 x 4)
    torch.testing.assert_close(SequenceSum()(mask_BT, counts), 5 * mean_BT)
    torch.testing.assert_close(ConstantLength(1)(mask_BT, counts), SequenceSum()(mask_BT, counts))


@pytest.mark.parametrize("correction", [TokenTruncated(1.0), SequenceTruncated(1.0), SequenceMask(), TokenMask()])
def test_without_a_gap_every_weight_is_one(correction):
    assert (correction.weights(LossProblem.random().experience) == 1).all()


def test_a_response_of_one_token_has_one_ratio_and_one_weight():
    experience = make_experience(torch.ones(3, 1).double(), sampler_logprobs_BT=torch.full((3, 1), -0.4).double())
    scores = TokenScores(torch.tensor([[-0.2], [0.0], [-1.0]], dtype=torch.float64))
    torch.testing.assert_close(SequenceRatio()(scores, experience), TokenRatio()(scores, experience))
    torch.testing.assert_close(SequenceTruncated().weights(experience), TokenTruncated().weights(experience))  # e^0.4


def test_no_gate_opens_where_all_entropies_are_equal():
    problem = LossProblem.random()
    experience = problem.experience
    entropy_BT = torch.full_like(experience.mask_BT, 0.7)
    pool = replace(experience.pool, entropy_N=torch.full_like(experience.pool.entropy_N, 0.7))
    scores = TokenScores(experience.old_logprobs_BT, entropy_BT)
    for gate in (EntropyGate(), BatchEntropyGate()):
        assert not gate(scores, replace(experience, pool=pool)).any()


@pytest.mark.parametrize(
    ("estimate", "pulls"), [("k1", True), *((name, False) for name in ("k2", "k3", "abs", "k1+", "k3+", "abs+"))]
)
def test_at_the_reference_its_kl_is_0_and_only_k1_has_a_gradient(estimate, pulls):
    experience = LossProblem.random().experience
    logprobs_BT = experience.reference_logprobs_BT.clone().requires_grad_()
    added_BT = ReferenceKL(1.0, estimate)(TokenScores(logprobs_BT), experience)
    added_BT.sum().backward()
    assert added_BT.abs().max() == 0
    assert bool(logprobs_BT.grad.abs().max() > 0) == pulls


@pytest.mark.parametrize("loss", [ClippedSurrogate(), DualClippedSurrogate(), ClippedWeight(), SoftGate(), SoftGate(3.0, 0.2)])
def test_at_ratio_1_every_token_loss_has_the_gradient_of_the_likelihood(loss):
    experience = LossProblem.random().experience
    advantages_BT = grpo().estimate(experience)
    gradients = []
    for part in (loss, Likelihood()):
        scores = TokenScores(experience.old_logprobs_BT.clone().requires_grad_())
        terms = part(TokenRatio()(scores, experience), advantages_BT, scores, experience)
        gradients += torch.autograd.grad((terms.loss_BT * experience.mask_BT).sum(), scores.logprobs_BT)
    assert gradients[0].abs().sum() > 0
    torch.testing.assert_close(*gradients)


def parts_and_presets() -> dict[str, str]:
    """Docstrings of all presets, and of all records that can be put into an objective."""
    found = {}
    for file in FOLDER.rglob("*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            is_preset = isinstance(node, ast.FunctionDef) and node.name in objectives.__all__
            is_part = isinstance(node, ast.ClassDef) and node.decorator_list and node.name not in NOT_PARTS
            if is_preset or is_part:
                found[node.name] = ast.get_docstring(node) or ""
    return found


def test_every_part_and_every_preset_says_what_it_assumes():
    found = parts_and_presets()
    assert set(objectives.__all__) - {"Objective"} <= set(found)
    assert len(found) > 90
    assert [name for name, text in found.items() if "Assumes" not in text] == []
