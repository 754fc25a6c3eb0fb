import pytest
import torch

from asym_lit.objectives.gates import EntropyGate
from asym_lit.types import InputError, Needs, TokenScores
from fakes import make_experience


def gate(entropy, mask, quantile):
    scores = TokenScores(torch.zeros(len(mask), len(mask[0])), entropy_BT=torch.tensor(entropy, dtype=torch.float64))
    return EntropyGate(quantile)(scores, make_experience(mask)).int().tolist()


def test_the_gate_opens_for_the_most_uncertain_fifth_of_a_response():
    # Ten tokens, rank 0.8 * 9 = 7.2: the threshold lies between the eighth (7) and the ninth (8).
    assert gate([[0, 9, 1, 2, 3, 8, 4, 5, 6, 7]], [[1] * 10], 0.8) == [[0, 1, 0, 0, 0, 1, 0, 0, 0, 0]]


def test_each_response_has_its_own_threshold():
    entropy = [[1, 2, 3, 4], [10, 20, 30, 40]]
    # Rank 0.5 * 3 = 1.5: above 2.5 and above 25.
    assert gate(entropy, [[1] * 4] * 2, 0.5) == [[0, 0, 1, 1], [0, 0, 1, 1]]


def test_padding_neither_moves_the_threshold_nor_passes_it():
    assert gate([[1, 2, 3, 4, 99, 99]], [[1, 1, 1, 1, 0, 0]], 0.5) == [[0, 0, 1, 1, 0, 0]]


def test_quantile_0_opens_for_all_but_the_least_uncertain_token():
    assert gate([[3, 1, 2]], [[1, 1, 1]], 0.0) == [[1, 0, 1]]


def test_quantile_1_opens_for_none():
    assert gate([[3, 1, 2]], [[1, 1, 1]], 1.0) == [[0, 0, 0]]


def test_the_comparison_is_strict_so_equal_entropies_do_not_fork():
    assert gate([[2, 2, 2]], [[1, 1, 1]], 0.2) == [[0, 0, 0]]


def test_a_response_without_tokens_has_no_fork():
    assert gate([[5, 6]], [[0, 0]], 0.0) == [[0, 0]]


@pytest.mark.parametrize("quantile", [-0.1, 1.1])
def test_a_quantile_outside_0_to_1_is_refused(quantile):
    with pytest.raises(InputError, match=rf"gate's quantile is {quantile}; allowed: 0 to 1 \(published: 0.8\)"):
        EntropyGate(quantile)


def test_the_gate_needs_the_entropy_and_nothing_else():
    assert EntropyGate().needs == Needs(entropy=True)
