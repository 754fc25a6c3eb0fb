import pytest
import torch

from asym_lit.objectives.gates import BatchEntropyGate
from asym_lit.objectives.ratios import PenalisedRatio, SequenceRatio, TokenRatio
from asym_lit.objectives.regularizers import SquaredLogRatio
from asym_lit.objectives.rewards import UnlikelinessReward
from asym_lit.objectives.token_reweights import ForkingTokens, OffPolicyMask, StepWeights
from asym_lit.types import BatchPool, TokenScores
from fakes import make_experience


def of_entropies(*rows):
    entropy_BT = torch.tensor(rows, dtype=torch.float64)
    experience = make_experience(torch.ones_like(entropy_BT))
    experience.entropy_BT = entropy_BT
    experience.pool = BatchPool(entropy_BT.flatten().sort().values)
    return experience


def test_forking_tokens_are_the_top_share_of_the_whole_batch():
    experience = of_entropies([0.1, 0.2, 0.3, 0.4], [0.9, 0.8, 0.0, 0.5])
    found = ForkingTokens(0.75)(torch.ones(2, 4, dtype=torch.float64), experience)
    # Quantile 0.75 of eight: position 5.25, between 0.5 and 0.8: 0.575.
    assert found.tolist() == [[0, 0, 0, 0], [1, 1, 0, 0]]


def test_a_token_at_the_quantile_is_kept():
    experience = of_entropies([0.0, 0.5, 1.0])
    assert ForkingTokens(0.5)(torch.ones(1, 3, dtype=torch.float64), experience).tolist() == [[0, 1, 1]]


def test_the_batch_gate_has_one_threshold_for_all_responses_and_goes_by_current_entropies():
    experience = of_entropies([0.0, 0.5, 1.0], [0.1, 0.1, 0.1])
    now = TokenScores(torch.zeros(2, 3), torch.tensor([[0.0, 0.5, 1.0], [0.9, 0.1, 0.1]]))
    assert BatchEntropyGate(0.8)(now, experience).tolist() == [[False, False, True], [True, False, False]]


def test_right_steps_of_wrong_responses_count_by_beta():
    experience = make_experience([[1.0, 1.0], [1.0, 1.0]], correct_B=torch.tensor([False, True]))
    experience.step_right_BT = torch.tensor([[True, False], [True, False]])
    advantages_BT = torch.tensor([[-1.0, -1.0], [1.0, 1.0]], dtype=torch.float64)
    assert StepWeights(0.5)(advantages_BT, experience).tolist() == [[-0.5, -1.0], [1.0, 1.0]]
    assert StepWeights(-1)(advantages_BT, experience).tolist() == [[1.0, -1.0], [1.0, 1.0]]
    assert StepWeights(1) is not None and StepWeights(1)(advantages_BT, experience) is advantages_BT


def test_step_weights_without_annotations_say_who_should_make_them():
    with pytest.raises(ValueError, match=r"reads rollout\.step_right, which no rollout has"):
        StepWeights()(torch.ones(1, 1), make_experience([[1.0]]))


def test_wrong_responses_left_far_behind_are_masked():
    experience = make_experience([[1.0, 1.0]] * 3, old_logprobs_BT=torch.zeros(3, 2, dtype=torch.float64))
    now = TokenScores(torch.tensor([[-1.0, -0.2], [-1.0, -0.2], [-0.1, -0.1]], dtype=torch.float64))
    advantages_BT = torch.tensor([[-1.0], [1.0], [-1.0]], dtype=torch.float64).expand(3, 2)
    # Mean 0.6 nats behind: the wrong one goes, the right one stays; 0.1 behind stays.
    assert OffPolicyMask(0.5)(advantages_BT, now, experience)[:, 0].tolist() == [0.0, 1.0, -1.0]


def test_the_sequence_ratio_is_the_geometric_mean_with_each_tokens_own_gradient():
    experience = make_experience([[1.0, 1.0, 0.0]], old_logprobs_BT=torch.zeros(1, 3, dtype=torch.float64))
    logprobs_BT = torch.tensor([[0.2, 0.4, 0.0]], dtype=torch.float64, requires_grad=True)
    ratio_BT = SequenceRatio()(TokenScores(logprobs_BT), experience)
    mean = torch.tensor(0.3, dtype=torch.float64).exp()
    torch.testing.assert_close(ratio_BT.detach()[0, :2], mean.expand(2))
    (gradient,) = torch.autograd.grad(ratio_BT[0, 0], logprobs_BT)
    torch.testing.assert_close(gradient, torch.tensor([[float(mean), 0, 0]], dtype=torch.float64))


def test_the_penalty_on_the_ratio_scales_wrong_first_choices():
    class Open:
        needs = TokenRatio().needs

        def __call__(self, scores, experience):
            return torch.ones_like(experience.mask_BT, dtype=torch.bool)

    experience = make_experience([[1.0], [1.0]], correct_B=torch.tensor([False, True]))
    experience.old_logprobs_BT = torch.zeros(2, 1, dtype=torch.float64)
    scores = TokenScores(torch.zeros(2, 1, dtype=torch.float64), rank1_BT=torch.ones(2, 1, dtype=torch.bool))
    assert PenalisedRatio(TokenRatio(), 1.5, Open())(scores, experience).tolist() == [[1.5], [1.0]]


def test_the_tether_is_the_squared_log_ratio_of_the_response_over_its_length():
    experience = make_experience([[1.0, 1.0]], reference_logprobs_BT=torch.zeros(1, 2, dtype=torch.float64))
    found = SquaredLogRatio(0.5)(TokenScores(torch.tensor([[-1.0, -3.0]], dtype=torch.float64)), experience)
    assert found.tolist() == [[2.0, 2.0]]  # 0.5 / 2 * 16 / 2


def test_unlikely_right_answers_are_worth_more():
    old_BT = torch.tensor([[-0.1], [-3.0], [-1.0], [-2.0]], dtype=torch.float64)
    experience = make_experience([[1.0]] * 4, group_size=4, old_logprobs_BT=old_BT)
    rewards_B = torch.tensor([1.0, 1.0, 0.0, 1.0], dtype=torch.float64)
    # Ranks from the least likely: 3, 0, 2, 1 of 4.
    assert UnlikelinessReward(0.4)(rewards_B, experience).tolist() == pytest.approx([0.7, 1.0, 0.0, 0.9])
