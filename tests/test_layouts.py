"""How tokens lie in a forward pass: each needed one once, and who may ask whom."""

import pytest
import torch

from asym_lit.layouts import SharedTokens, padded, shared
from fakes import make_prompt, make_rollout

CPU = torch.device("cpu")


def two_groups():
    long, short = make_prompt((10, 11, 12), uid="long"), make_prompt((20,), uid="short")
    return [
        make_rollout((1, 2, 3), slot=0, prompt=long),
        make_rollout((4,), slot=0, prompt=long),
        make_rollout((5, 6), slot=3, prompt=short),
    ]


def test_a_prompt_stands_once_for_its_group_and_last_tokens_are_left_out():
    tokens = shared(two_groups(), CPU)
    assert tokens.ids_1N.tolist() == [[10, 11, 12, 1, 2, 20, 5]]
    assert tokens.positions_1N.tolist() == [[0, 1, 2, 3, 4, 0, 1]]


def test_each_response_token_has_its_place_and_that_of_the_token_before_it():
    tokens = shared(two_groups(), CPU)
    assert tokens.targets_BT.tolist() == [[1, 2, 3], [4, 0, 0], [5, 6, 0]]
    assert tokens.predictors_BT.tolist() == [[2, 3, 4], [2, 0, 0], [5, 6, 0]]


def test_prompts_ask_among_themselves_and_responses_their_prompt_too():
    prompts, responses = shared(two_groups(), CPU).blocks
    assert prompts.is_whole and not responses.is_whole
    assert prompts.queries_RQ[prompts.is_query_RQ].tolist() == [0, 1, 2, 5]
    # The second response is one token, which is not read, so it asks nobody.
    assert responses.queries_RQ.tolist() == [[3, 4], [6, 0]]
    assert responses.keys_RK.tolist() == [[0, 1, 2, 3, 4], [5, 6, 0, 0, 0]]
    assert responses.query_positions_RQ.tolist() == [[3, 4], [1, 2]]
    assert responses.is_key_RK.tolist() == [[True] * 5, [True, True, False, False, False]]
    assert responses.is_query_RQ.tolist() == [[True, True], [True, False]]


def test_every_token_finds_its_own_answer():
    tokens = shared(two_groups(), CPU)
    asked_N = torch.cat([block.queries_RQ.flatten() for block in tokens.blocks])
    assert asked_N[tokens.answers_N].tolist() == list(range(7))


def test_a_row_of_single_tokens_has_no_block_of_responses():
    tokens = shared([make_rollout((4,)), make_rollout((5,))], CPU)
    assert tokens.ids_1N.tolist() == [[3, 4, 5]]
    assert [block.is_whole for block in tokens.blocks] == [True]


def test_a_long_response_does_not_pad_the_short_ones():
    """600 tokens beside sixty of 20 to a prompt of 3: in one block 61 x 599 x 602 pairs, 22 million; in two 0.4 million."""
    rollouts = [make_rollout((1,) * length) for length in (600, *[20] * 60)]
    blocks = shared(rollouts, CPU).blocks
    assert [tuple(block.queries_RQ.shape) for block in blocks] == [(1, 3), (1, 599), (60, 19)]
    assert sum(block.queries_RQ.numel() * block.keys_RK.shape[1] for block in blocks) < 4e5


def test_a_prompt_in_two_slots_stands_twice():
    tokens = shared([make_rollout((4, 5), slot=0), make_rollout((4, 5), slot=1)], CPU)
    assert tokens.ids_1N.tolist() == [[3, 4, 5, 4, 3, 4, 5, 4]]


def test_padded_rows_are_prompt_response_and_padding():
    tokens = padded(two_groups(), CPU)
    assert tokens.ids_BS.tolist() == [[10, 11, 12, 1, 2, 3], [10, 11, 12, 4, 0, 0], [20, 5, 6, 0, 0, 0]]
    assert tokens.prompt_lengths_B.tolist() == [3, 3, 1]


@pytest.mark.parametrize(("prompt", "group", "length", "expected"), [(110, 8, 64, 0.441), (14, 16, 9, 0.386)])
def test_tokens_read_are_those_needed(prompt, group, length, expected):
    """By the layout without padding: (110 + 8 x 63) / (8 x 174) of a row each."""
    rollouts = [make_rollout((1,) * length, prompt=make_prompt((2,) * prompt)) for _ in range(group)]
    tokens = shared(rollouts, CPU)
    assert isinstance(tokens, SharedTokens)
    assert tokens.ids_1N.numel() == prompt + group * (length - 1)
    assert tokens.ids_1N.numel() / padded(rollouts, CPU).ids_BS.numel() == pytest.approx(expected, abs=1e-3)
