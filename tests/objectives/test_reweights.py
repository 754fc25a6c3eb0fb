import math

import pytest
import torch

from asym_lit.objectives.confidence_reweights import ConfidentErrorPenalty, confidence_shift
from asym_lit.objectives.gates import EntropyGate
from asym_lit.objectives.token_reweights import Rank1Penalty
from asym_lit.types import Needs, TokenScores
from fakes import make_experience

# c -> 1 + softplus(c)
ACE_TABLE = {
    -5: 1.0067, -1: 1.3133, -0.2: 1.5981, -0.05: 1.6685, 0: 1.6931, 0.02: 1.7032, 0.05: 1.7185,
    0.1: 1.7444, 0.2: 1.7981, 0.5: 1.9741, 1: 2.3133, 5: 6.0067, 20: 21.0,
}  # fmt: skip


def shifted(c, mask=((1.0, 1.0),)):
    """An experience whose policy is more confident than its reference by c on every token."""
    experience = make_experience(mask)
    experience.old_logprobs_BT = torch.full_like(experience.mask_BT, -1.0)
    experience.reference_logprobs_BT = torch.full_like(experience.mask_BT, -1.0 - c)
    return experience


@pytest.mark.parametrize(("c", "multiplier"), ACE_TABLE.items())
def test_ace_multiplies_an_error_by_one_plus_softplus_of_its_confidence_shift(c, multiplier):
    advantages_BT = torch.tensor([[-1.0, -2.0]], dtype=torch.float64)
    found = ConfidentErrorPenalty(alpha=1.0)(advantages_BT, shifted(c))
    assert found[0].tolist() == pytest.approx([-multiplier, -2 * multiplier], abs=1e-4)


def test_ace_at_no_shift_is_a_constant_weight_on_errors():
    found = ConfidentErrorPenalty(alpha=0.5)(torch.tensor([[-1.0, 0.0]], dtype=torch.float64), shifted(0.0))
    assert found[0, 0].item() == pytest.approx(-(1 + 0.5 * math.log(2)))


def test_ace_leaves_right_responses_alone():
    advantages_BT = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    assert ConfidentErrorPenalty()(advantages_BT, shifted(3.0)).tolist() == [[1.0, 0.0]]


def test_ace_with_alpha_0_leaves_advantages_alone_and_needs_no_reference():
    advantages_BT = torch.tensor([[-1.0, 2.0]])
    experience = make_experience([[1.0, 1.0]])
    assert experience.reference_logprobs_BT is None
    assert ConfidentErrorPenalty(alpha=0)(advantages_BT, experience) is advantages_BT
    assert ConfidentErrorPenalty(alpha=0).needs == Needs()
    assert ConfidentErrorPenalty().needs == Needs(reference=True, rollout_scores=True)


def test_the_confidence_shift_is_a_mean_over_the_response_and_carries_no_gradient():
    experience = make_experience([[1, 1, 0], [1, 1, 1]])
    old_BT = torch.tensor([[-1.0, -2.0, 50.0], [-1.0, -1.0, -1.0]], dtype=torch.float64, requires_grad=True)
    experience.old_logprobs_BT = old_BT
    experience.reference_logprobs_BT = torch.tensor([[-2.0, -5.0, 0.0], [-0.5, -0.5, -1.0]], dtype=torch.float64)
    shift_B = confidence_shift(experience)
    assert shift_B.tolist() == pytest.approx([2.0, -1 / 3])  # (1 + 3) / 2, (-.5 - .5 + 0) / 3
    assert not shift_B.requires_grad


def test_the_confidence_shift_without_a_reference_says_what_to_declare():
    with pytest.raises(ValueError, match=r"needs old and reference log-probs; declare Needs\(reference=True\)"):
        confidence_shift(make_experience([[1.0]]))


def rank1_case():
    """Four tokens of a wrong response, entropies 0 1 2 3; the second and the fourth are the policy's first choice."""
    scores = TokenScores(
        torch.zeros(1, 4),
        entropy_BT=torch.tensor([[0.0, 1.0, 2.0, 3.0]]),
        rank1_BT=torch.tensor([[False, True, False, True]]),
    )
    return torch.tensor([[-1.0, -1.0, -1.0, -1.0]]), scores, make_experience(torch.ones(1, 4))


def test_the_rank_1_penalty_falls_on_forking_first_choices_of_wrong_responses():
    advantages_BT, scores, experience = rank1_case()
    found = Rank1Penalty(1.5, EntropyGate(0.5))(advantages_BT, scores, experience)
    # The threshold is 1.5: the gate is open for the last two, and of these only the fourth is rank 1.
    assert found.tolist() == [[-1.0, -1.0, -1.0, -1.5]]
    wider = Rank1Penalty(1.5, EntropyGate(0.0))(advantages_BT, scores, experience)
    assert wider.tolist() == [[-1.0, -1.5, -1.0, -1.5]]


def test_the_rank_1_penalty_leaves_right_responses_alone():
    advantages_BT, scores, experience = rank1_case()
    assert Rank1Penalty(1.5, EntropyGate(0.0))(-advantages_BT, scores, experience).tolist() == [[1.0] * 4]


def test_the_rank_1_penalty_with_lambda_1_leaves_advantages_alone_and_needs_nothing():
    advantages_BT = torch.tensor([[-1.0]])
    assert Rank1Penalty(1.0)(advantages_BT, TokenScores(torch.zeros(1, 1)), make_experience([[1.0]])) is advantages_BT
    assert Rank1Penalty(1.0).needs == Needs()
    assert Rank1Penalty(1.1).needs == Needs(entropy=True, rank1=True)
