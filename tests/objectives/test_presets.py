import math

import pytest
import torch

from asym_lit.objectives import ace, dapo, dr_grpo, grpo, simko, with_parts
from asym_lit.objectives.advantages import Centred
from asym_lit.objectives.aggregations import ConstantLength, TokenSum
from asym_lit.objectives.batch_reweights import BatchScaled
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.part_names import named_parts
from asym_lit.objectives.ratios import SequenceRatio
from asym_lit.objectives.regularizers import ReferenceKL
from asym_lit.objectives.rewards import DropUniform, KeepAll
from asym_lit.objectives.tethers import AnchorTether
from asym_lit.objectives.token_losses import ClippedSurrogate, DualClippedSurrogate, TokenLossTerms
from asym_lit.objectives.token_reweights import OffPolicyMask
from asym_lit.types import InputError, Needs
from fakes import LossProblem, assert_different_objective, assert_same_objective

PARTS = "asym_lit.objectives"


def test_grpo_is_the_plain_objective_but_for_its_aggregation():
    assert_same_objective(grpo(token_mean=True), Objective())
    assert_different_objective(grpo(), Objective())
    assert isinstance(grpo().group_filter, KeepAll)


def test_no_kl_is_no_regularizer_and_no_reference():
    assert_same_objective(grpo(kl=0.0), grpo(kl=1e-300))
    assert_different_objective(grpo(kl=0.0), grpo(kl=0.1))
    assert grpo(kl=0.0).update_needs == Needs()
    assert grpo(kl=0.1).rollout_needs.reference


def test_dr_grpo_divides_token_sums_of_centred_rewards_by_a_constant():
    problem = LossProblem.random(3)
    advantages_BT = problem.estimated(dr_grpo(max_tokens=5)).advantages_BT
    rewards_PG = problem.experience.rewards_B.view(3, 4)
    expected = (rewards_PG - rewards_PG.mean(-1, keepdim=True)).view(-1, 1) * problem.experience.mask_BT
    torch.testing.assert_close(advantages_BT, expected)
    short, long = problem.loss_and_gradient(dr_grpo(max_tokens=5)), problem.loss_and_gradient(dr_grpo(max_tokens=10))
    torch.testing.assert_close(short[0], 2 * long[0])
    torch.testing.assert_close(short[1], 2 * long[1])
    assert dr_grpo(max_tokens=5).aggregation == ConstantLength(5)


def test_dapo_with_a_symmetric_clip_is_grpo_with_token_mean():
    assert_same_objective(dapo(clip_low=0.2, clip_high=0.2), grpo(token_mean=True))
    assert_same_objective(dapo(clip_low=0.1, clip_high=0.1), grpo(clip=0.1, token_mean=True))


def test_dapos_higher_clip_lets_right_tokens_rise_further():
    assert_different_objective(dapo(clip_high=0.28), dapo(clip_high=0.2))


def test_dapo_draws_uniform_groups_anew():
    assert dapo().group_filter == DropUniform(10)
    assert dapo(max_draws=3).group_filter.max_draws == 3


def test_an_overlong_factor_of_0_is_no_penalty():
    assert_same_objective(dapo(overlong_buffer=4, overlong_factor=0.0, max_tokens=6), dapo())
    assert_different_objective(dapo(overlong_buffer=4, overlong_factor=1.0, max_tokens=6), dapo())
    assert dapo(overlong_buffer=0).reward_shapers == ()


def test_an_overlong_buffer_without_the_limit_says_what_to_write():
    with pytest.raises(InputError, match=r"overlong_buffer is 4 and max_tokens is missing; write max_tokens: \$\{data"):
        dapo(overlong_buffer=4)


def test_simko_at_its_neutral_values_is_grpo_with_token_mean():
    assert_same_objective(simko(alpha=0, lambda_top1=1), grpo(token_mean=True))
    assert_same_objective(simko(alpha=0, lambda_top1=1, clip=0.1, kl=0.1), grpo(clip=0.1, kl=0.1, token_mean=True))
    assert simko(alpha=0, lambda_top1=1).update_needs == Needs()


def test_simko_takes_the_higher_clip_and_dynamic_sampling_of_its_logic_runs():
    assert_same_objective(simko(clip_high=0.2, max_draws=0), simko())
    assert simko(max_draws=3).group_filter == dapo(max_draws=3).group_filter and simko().group_filter == grpo().group_filter
    logic = simko(alpha=0, lambda_top1=1, clip_high=0.28, max_draws=10, warm_up_steps=50)
    assert_same_objective(logic, dapo(clip_high=0.28, max_draws=10))
    assert logic.at(49) is logic.warm_up.objective
    assert_same_objective(logic.warm_up.objective, dapo(clip_high=0.28, max_draws=10))


def test_simko_without_an_open_gate_is_grpo_with_token_mean():
    assert_same_objective(simko(alpha=0.5, lambda_top1=3.0, quantile=1.0), grpo(token_mean=True))


@pytest.mark.parametrize("knobs", [{"alpha": 0.3, "lambda_top1": 1.0}, {"alpha": 0.0, "lambda_top1": 1.5}])
def test_each_half_of_simko_does_something_of_its_own(knobs):
    assert_different_objective(simko(quantile=0.3, **knobs), grpo(token_mean=True))


def test_simkos_gradient_on_a_forking_token_points_to_the_smoothed_target():
    """Vocabulary 12, three candidates: d loss / d logits = -gamma A (target - pi) / tokens."""
    alpha, problem = 0.25, LossProblem.random(5, groups=2, size=3, length=4, vocabulary=12)
    objective = simko(alpha=alpha, top_n=3, quantile=0.0, lambda_top1=1.0, clip=1.0)
    _, gradient_BTV = problem.loss_and_gradient(objective)
    experience = problem.estimated(objective)
    pi_BTV = problem.logits_BTV.softmax(-1)
    entropy_BT = -(pi_BTV * pi_BTV.log()).sum(-1)
    checked = 0
    for row, step in experience.mask_BT.nonzero().tolist():
        advantage, pi_V = experience.advantages_BT[row, step], pi_BTV[row, step]
        token = problem.response_BT[row, step]
        gamma = pi_V[token] / experience.old_logprobs_BT[row, step].exp()
        least = entropy_BT[row][experience.mask_BT[row].bool()].min()
        if not experience.correct_B[row] or advantage == 0 or entropy_BT[row, step] <= least or gamma > 2:
            continue
        target_V = torch.zeros(12, dtype=torch.float64)
        target_V[token] = 1 - alpha
        target_V[pi_V.topk(3).indices] += alpha / 3
        expected_V = -gamma * advantage * (target_V - pi_V) / problem.counts.tokens
        torch.testing.assert_close(gradient_BTV[row, step], expected_V, rtol=0, atol=1e-12)
        checked += 1
    assert checked >= 3


@pytest.mark.parametrize(
    "base", [grpo(kl=0.001), dapo(), simko(), dr_grpo(max_tokens=6)], ids=["grpo", "dapo", "simko", "dr_grpo"]
)
def test_ace_with_alpha_0_is_its_base(base):
    assert_same_objective(ace(base, alpha=0.0), base)
    assert ace(base, alpha=0.0).rollout_needs == base.rollout_needs
    assert_different_objective(ace(base, alpha=1.0), base)


def test_ace_on_an_unmoved_policy_multiplies_errors_by_one_plus_log_2():
    problem = LossProblem.random(0)
    problem.experience.reference_logprobs_BT = problem.experience.old_logprobs_BT
    plain_BT = problem.estimated(grpo()).advantages_BT
    bent_BT = problem.estimated(ace(grpo())).advantages_BT
    assert (plain_BT < 0).any() and (plain_BT > 0).any()
    torch.testing.assert_close(bent_BT, torch.where(plain_BT < 0, plain_BT * (1 + math.log(2)), plain_BT))


def test_ace_bends_what_earlier_reweights_left():
    twice = ace(ace(grpo()))
    assert len(twice.reweights) == 2
    assert_different_objective(twice, ace(grpo()))


def test_with_parts_takes_every_kind_of_part():
    singles = {
        "estimator": Centred(),
        "ratio": SequenceRatio(),
        "token_loss": DualClippedSurrogate(),
        "aggregation": TokenSum(),
    }
    several = {"reweights": [BatchScaled()], "token_reweights": [OffPolicyMask()], "regularizers": [ReferenceKL()]}
    made = with_parts(simko(kl=0.1), group_filter=DropUniform(3), **singles, **several)
    assert {name: getattr(made, name) for name in singles} == singles and made.group_filter == DropUniform(3)
    for name, parts in several.items():
        assert getattr(made, name) == (*getattr(simko(kl=0.1), name), *parts)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"aggregation": DualClippedSurrogate()}, r"aggregation is a DualClippedSurrogate; .*\(mask_BT, counts\).*SequenceSum"),
        ({"ratio": ReferenceKL()}, r"ratio is a ReferenceKL; .*such as SequenceRatio"),
        ({"regularizers": [SequenceRatio()]}, r"regularizers is a SequenceRatio; .*such as ReferenceKL"),
        ({"reweights": [OffPolicyMask()]}, r"reweights is a OffPolicyMask; .*\(advantages_BT, experience\)"),
        ({"estimator": Centred}, r"estimator is a type; .*such as Centred"),  # the class, not a part
        (
            {"token_loss": "DualClip"},
            r"token_loss is 'DualClip'; there is no part .*Nearest: DualClippedSurrogate.",
        ),
        ({"aggregation": {"class_path": f"{PARTS}.TokenMean"}}, r"'asym_lit.objectives.TokenMean'; .*Nearest: TokenMean"),
        ({"aggregation": "TokenRatio"}, r"aggregation is a TokenRatio; allowed"),
        ({"aggregation": "mine.Sum"}, r"aggregation is 'mine\.Sum', which cannot be imported: No module named 'mine'"),
        (
            {"aggregation": "ConstantLength"},
            r"ConstantLength, the aggregation, is without length; write it under",
        ),
        (
            {"aggregation": {"class_path": "ConstantLength", "init_args": {"legnth": 3}}},
            r"legnth is not an option of ConstantLength, the aggregation\. Nearest: length\. Allowed: length",
        ),
        ({"aggregation": {"class_path": "ConstantLength", "init_args": {"length": 0}}}, r"length is 0; allowed: 1 or more"),
        (
            {"token_loss": {"class_path": "DualClippedSurrogate", "init_args": {"surrogate": {"clip": 0.2}}}},
            r"clip is not an option of ClippedSurrogate, the token_loss\. Nearest: clip_low",
        ),
    ],
)
def test_a_part_that_is_none_or_of_another_kind_is_refused_with_one_that_would_do(given, words):
    with pytest.raises(InputError, match=words):
        with_parts(grpo(), **given)


def test_parts_can_be_given_as_a_recipe_writes_them():
    written = {"class_path": "DualClippedSurrogate", "init_args": {"surrogate": {"clip_high": 0.28}, "cap": 2.0}}
    tether = {"class_path": f"{PARTS}.tethers.AnchorTether"}
    made = with_parts(grpo(), aggregation="TokenSum", token_loss=written, regularizers=[tether])
    assert made.token_loss == DualClippedSurrogate(ClippedSurrogate(0.2, 0.28), 2.0)
    assert made.aggregation == TokenSum() and made.regularizers == (AnchorTether(),)


def test_a_part_of_somebodys_own_may_call_its_arguments_what_it_likes():
    def unclipped(ratios, advantages, scores, rows):
        never = torch.zeros_like(ratios, dtype=torch.bool)
        return TokenLossTerms(-ratios * advantages, never, never)

    assert_same_objective(with_parts(grpo(), token_loss=unclipped), with_parts(grpo(), token_loss=ClippedSurrogate(1.0, 1e9)))
    with pytest.raises(InputError, match=r"aggregation is a function; allowed: .*\(mask_BT, counts\)"):
        with_parts(grpo(), aggregation=unclipped)


def test_every_part_of_the_objectives_can_be_named():
    found = named_parts()
    assert {"Centred", "TokenSum", "GammaWeight", "TokenTruncated", "PolarTokens"} <= found.keys()
    assert not {"Objective", "GlobalCounts", "TokenLoss", "Pole"} & found.keys() and len(found) > 50
