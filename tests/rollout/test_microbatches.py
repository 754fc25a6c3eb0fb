import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from asym_lit.layouts import PaddedTokens, SharedTokens
from asym_lit.rollout.microbatches import (
    empty_scores,
    experience_of,
    make_micro_batch,
    mini_batches_of_slots,
    pack,
    pack_shared,
    write_rows,
)
from asym_lit.types import Needs, TokenScores
from fakes import make_prompt, make_rollout


@given(st.lists(st.integers(1, 30), min_size=1, max_size=20), st.integers(1, 100))
def test_packing_keeps_every_row_once_and_the_budget(lengths, budget):
    rows = list(range(0, len(lengths), 2))
    packed = pack(lengths, rows, budget)
    assert sorted(row for part in packed for row in part) == rows
    for part in packed:
        assert len(part) == 1 or len(part) * max(lengths[row] for row in part) <= budget


def test_packing_puts_rows_of_similar_length_together():
    # Longest first: 9 + 8 fit in 18 (2 x 9); then 3, 3, 2, 1 in 12.
    assert pack([3, 9, 1, 8, 2, 3], range(6), 18) == [[1, 3], [0, 5, 4, 2]]


def test_a_row_above_the_budget_gets_a_micro_batch_of_its_own():
    assert pack([50, 2], [0, 1], 10) == [[0], [1]]


@pytest.mark.parametrize("parts", [1, 3, 12])
def test_mini_batches_share_out_all_slots_evenly(parts):
    batches = mini_batches_of_slots(10, parts, seed=0, step=0)
    assert sorted(slot for batch in batches for slot in batch) == list(range(10))
    sizes = [len(batch) for batch in batches]
    assert len(sizes) == parts
    assert max(sizes) - min(sizes) <= 1


def test_the_shuffle_of_mini_batches_hangs_on_seed_and_step():
    one = mini_batches_of_slots(20, 2, seed=0, step=0)
    assert one == mini_batches_of_slots(20, 2, seed=0, step=0)
    assert one != mini_batches_of_slots(20, 2, seed=0, step=1)
    assert one != mini_batches_of_slots(20, 2, seed=1, step=0)


def three_rollouts():
    return [
        make_rollout([6, 7, 1], 1.0, prompt=make_prompt([3]), logprobs=[-0.1, -0.2, -0.3]),
        make_rollout([8], 0.0, prompt=make_prompt([3, 4, 5]), logprobs=[-0.4], finish_reason="length"),
        make_rollout([9, 1], None, prompt=make_prompt([4, 4]), logprobs=[-0.5, -0.6]),
    ]


def test_rollouts_become_tensors_padded_on_the_right():
    experience = experience_of(three_rollouts(), 3, torch.device("cpu"))
    assert experience.mask_BT.tolist() == [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
    torch.testing.assert_close(
        experience.sampler_logprobs_BT, torch.tensor([[-0.1, -0.2, -0.3], [-0.4, 0, 0], [-0.5, -0.6, 0]])
    )
    assert experience.rewards_B.tolist() == [1.0, 0.0, 0.0]
    assert experience.correct_B.tolist() == [True, False, False]
    assert experience.valid_B.tolist() == [True, True, False]  # the third is undecided
    assert experience.truncated_B.tolist() == [False, True, False]
    assert experience.group_size == 3
    assert experience.old_logprobs_BT is None and experience.advantages_BT is None


def test_correct_is_what_the_verifier_said_and_not_what_the_reward_is():
    shaped = make_rollout(reward=1.0)
    shaped.reward = -0.25
    assert experience_of([shaped], 1, torch.device("cpu")).correct_B.tolist() == [True]


def test_a_micro_batch_is_padded_no_further_than_its_longest_row():
    rollouts = three_rollouts()
    batch = make_micro_batch([2, 1], rollouts, experience_of(rollouts, 3, torch.device("cpu")))
    assert isinstance(batch.tokens, PaddedTokens)
    assert batch.tokens.ids_BS.tolist() == [[4, 4, 9, 1], [3, 4, 5, 8]]
    assert batch.tokens.prompt_lengths_B.tolist() == [2, 3]
    assert batch.experience.mask_BT.tolist() == [[1, 1], [1, 0]]
    assert batch.experience.correct_B.tolist() == [False, False]
    assert not batch.is_filler


def test_a_filler_has_rows_but_no_tokens_and_leaves_the_step_alone():
    rollouts = three_rollouts()
    experience = experience_of(rollouts, 3, torch.device("cpu"))
    batch = make_micro_batch([0], rollouts, experience, is_filler=True)
    assert batch.tokens.ids_BS.tolist() == [[3, 6, 7, 1]]
    assert batch.experience.mask_BT.sum() == 0
    assert experience.mask_BT.sum() == 6


def test_scores_of_micro_batches_are_written_to_their_places_in_the_step():
    whole = empty_scores(torch.zeros(3, 4), Needs(top_n=5))
    first = TokenScores(torch.tensor([[1.0, 2.0], [3.0, 0.0]]), topk_logprobs_BTK=torch.ones(2, 2, 5))
    second = TokenScores(torch.tensor([[4.0, 5.0, 6.0]]), topk_logprobs_BTK=2 * torch.ones(1, 3, 5))
    write_rows(whole, first, [2, 0])
    write_rows(whole, second, [1])
    assert whole.logprobs_BT.tolist() == [[3, 0, 0, 0], [4, 5, 6, 0], [1, 2, 0, 0]]
    assert whole.topk_logprobs_BTK[..., 4].tolist() == [[1, 1, 0, 0], [2, 2, 2, 0], [1, 1, 0, 0]]
    assert whole.entropy_BT is None and whole.rank1_BT is None


def rollouts_of(*groups):
    """Each group a prompt length and lengths of responses, in slot order."""
    return [
        make_rollout((1,) * length, slot=slot, prompt=make_prompt((2,) * prompt, uid=str(slot)))
        for slot, (prompt, *lengths) in enumerate(groups)
        for length in lengths
    ]


def test_groups_that_share_a_prompt_stay_together_in_a_micro_batch():
    rollouts = rollouts_of((10, 5, 5), (10, 9, 9), (10, 5, 4))  # 20, 28 and 19 tokens
    assert pack_shared(rollouts, range(6), 48) == [[2, 3, 0, 1], [4, 5]]
    assert pack_shared(rollouts, range(6), 67) == [[2, 3, 0, 1, 4, 5]]
    assert pack_shared(rollouts, range(6), 28) == [[2, 3], [0, 1], [4, 5]]


def test_a_group_above_the_budget_is_split_with_its_prompt_repeated():
    rollouts = rollouts_of((10, 4, 6, 5, 5))
    assert pack_shared(rollouts, range(4), 22) == [[1, 2], [3, 0]]  # 10 + 6 + 5 and 10 + 5 + 4
    assert pack_shared(rollouts, range(4), 3) == [[1], [2], [3], [0]]


def test_only_the_rows_asked_for_are_packed():
    assert pack_shared(rollouts_of((10, 5, 5), (10, 9, 9)), [1, 2], 100) == [[2, 1]]
    assert pack_shared(rollouts_of((10, 5, 5)), [], 100) == []


def test_a_micro_batch_with_shared_prompts_has_the_same_experience():
    rollouts = rollouts_of((3, 2, 4))
    experience = experience_of(rollouts, 2, torch.device("cpu"))
    batch = make_micro_batch([1, 0], rollouts, experience, share_prompts=True)
    assert isinstance(batch.tokens, SharedTokens)
    assert batch.tokens.ids_1N.numel() == 3 + 3 + 1
    assert batch.experience.mask_BT.tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]
