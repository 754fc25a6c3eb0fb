import pytest
import torch

from asym_lit.objectives.gates import EntropyGate
from asym_lit.objectives.ratios import MAX_LOG_RATIO, SmoothedRatio, TokenRatio
from asym_lit.types import InputError, Needs, TokenScores
from fakes import full_scores, make_experience

ALL_TOKENS = EntropyGate(0.0)


def test_the_token_ratio_is_how_much_likelier_a_token_has_become():
    scores = TokenScores(torch.tensor([[0.6, 0.1]]).log())
    experience = make_experience([[1, 1]], old_logprobs_BT=torch.tensor([[0.4, 0.2]]).log())
    assert TokenRatio()(scores, experience)[0].tolist() == pytest.approx([1.5, 0.5])  # .6 / .4, .1 / .2


def test_the_gradient_of_the_ratio_by_the_log_prob_is_the_ratio():
    logprobs_BT = torch.tensor([[0.6, 0.1]]).log().requires_grad_()
    experience = make_experience([[1, 1]], old_logprobs_BT=torch.tensor([[0.4, 0.2]]).log())
    TokenRatio()(TokenScores(logprobs_BT), experience).sum().backward()
    assert logprobs_BT.grad[0].tolist() == pytest.approx([1.5, 0.5])


def test_the_ratio_of_an_unchanged_policy_and_of_padding_is_1():
    old_BT = torch.tensor([[-1.0, -2.0, -3.0]])
    experience = make_experience([[1, 1, 0]], old_logprobs_BT=old_BT)
    scores = TokenScores(torch.tensor([[-1.0, -2.0, 0.0]]))
    assert TokenRatio()(scores, experience).tolist() == [[1.0, 1.0, 1.0]]


def test_huge_log_ratios_stay_finite():
    experience = make_experience([[1, 1]], old_logprobs_BT=torch.tensor([[-500.0, 0.0]]))
    ratio_BT = TokenRatio()(TokenScores(torch.tensor([[0.0, -500.0]])), experience)
    assert ratio_BT.log()[0].tolist() == pytest.approx([MAX_LOG_RATIO, -MAX_LOG_RATIO])


def fork(correct=True, seed=0):
    """One response over 12 tokens of vocabulary: an uncertain token of random logits, then a certain one."""
    generator = torch.Generator().manual_seed(seed)
    logits_BTV = torch.randn(1, 2, 12, generator=generator, dtype=torch.float64)
    logits_BTV[0, 1, 4] = 50
    response_BT = torch.randint(0, 12, (1, 2), generator=generator)
    experience = make_experience([[1, 1]], correct_B=torch.tensor([correct]))
    old_BT = full_scores(logits_BTV, response_BT, experience.mask_BT).logprobs_BT
    experience.old_logprobs_BT = old_BT + torch.tensor([[0.1, -0.05]], dtype=torch.float64)
    return logits_BTV.requires_grad_(), response_BT, experience


def first_gradient(ratio, logits_BTV, response_BT, experience, top_n=3):
    """Value and gradient by the logits of the first token's ratio."""
    found = ratio(full_scores(logits_BTV, response_BT, experience.mask_BT, top_n), experience)[0, 0]
    return found.detach(), torch.autograd.grad(found, logits_BTV)[0][0, 0]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("alpha", [0.01, 0.3, 1.0])
def test_the_smoothed_ratio_pulls_towards_the_sampled_token_and_the_candidates(seed, alpha):
    logits_BTV, response_BT, experience = fork(seed=seed)
    value, gradient_V = first_gradient(SmoothedRatio(alpha, 3, ALL_TOKENS), logits_BTV, response_BT, experience)
    gamma, _ = first_gradient(TokenRatio(), logits_BTV, response_BT, experience)
    pi_V = logits_BTV[0, 0].detach().softmax(-1)
    target_V = torch.zeros(12, dtype=torch.float64)
    target_V[response_BT[0, 0]] += 1 - alpha
    target_V[pi_V.topk(3).indices] += alpha / 3
    torch.testing.assert_close(value, gamma, rtol=0, atol=1e-12)
    torch.testing.assert_close(gradient_V, gamma * (target_V - pi_V), rtol=0, atol=1e-12)


def test_the_smoothed_ratio_with_alpha_0_is_the_token_ratio_and_needs_nothing():
    logits_BTV, response_BT, experience = fork()
    assert SmoothedRatio(0.0).needs == Needs()
    for ours, plain in zip(
        first_gradient(SmoothedRatio(0.0, 3, ALL_TOKENS), logits_BTV, response_BT, experience),
        first_gradient(TokenRatio(), logits_BTV, response_BT, experience),
        strict=True,
    ):
        torch.testing.assert_close(ours, plain, rtol=0, atol=0)


@pytest.mark.parametrize(("correct", "quantile"), [(False, 0.0), (True, 1.0)], ids=["wrong response", "closed gate"])
def test_the_smoothed_ratio_is_plain_outside_forks_of_right_responses(correct, quantile):
    logits_BTV, response_BT, experience = fork(correct)
    _, smoothed_V = first_gradient(SmoothedRatio(0.5, 3, EntropyGate(quantile)), logits_BTV, response_BT, experience)
    _, plain_V = first_gradient(TokenRatio(), logits_BTV, response_BT, experience)
    torch.testing.assert_close(smoothed_V, plain_V, rtol=0, atol=0)


def test_the_smoothed_ratio_takes_its_own_number_of_the_candidates_it_is_given():
    logits_BTV, response_BT, experience = fork()
    ratio = SmoothedRatio(0.3, 2, ALL_TOKENS)
    _, two_V = first_gradient(ratio, logits_BTV, response_BT, experience, top_n=2)
    _, five_V = first_gradient(ratio, logits_BTV, response_BT, experience, top_n=5)
    torch.testing.assert_close(two_V, five_V, rtol=0, atol=1e-15)


def test_the_smoothed_ratio_needs_its_candidates_and_the_entropy():
    assert SmoothedRatio(0.01, 5).needs == Needs(entropy=True, top_n=5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"alpha": 1.5}, r"alpha is 1\.5; allowed: 0 to 1 \(published: 0\.005 to 0\.05\)"),
        ({"alpha": -0.1}, r"alpha is -0\.1"),
        ({"top_n": 0}, r"top_n is 0; allowed: 1 or more \(published: 3\)"),
    ],
)
def test_smoothing_outside_its_range_is_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        SmoothedRatio(**arguments)
