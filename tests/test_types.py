import pytest
import torch

from asym_lit.tasks import Countdown, CountdownVerifier
from asym_lit.types import DemonstratedTask, InputError, Needs, Outcome, RolloutBatch, Sampling, Task, Verifier, check_sampling
from fakes import make_experience, make_rollout


def test_the_union_of_needs_asks_for_everything_either_asks_for():
    one = Needs(reference=True, top_n=3)
    other = Needs(entropy=True, rank1=True, top_n=5)
    assert one | other == other | one == Needs(reference=True, entropy=True, top_n=5, rank1=True)


def test_needing_nothing_is_neutral_in_a_union():
    needs = Needs(reference=True, top_n=2)
    assert needs | Needs() == Needs() | needs == needs


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n": 0}, r"Sampling\.n is 0; allowed: at least 1"),
        ({"temperature": 0.0}, r"Sampling\.temperature is 0\.0; allowed: above 0 \(write a small value such as 0\.01"),
        ({"top_p": 0.0}, r"Sampling\.top_p is 0\.0; allowed: in \(0, 1\]"),
        ({"top_p": 1.1}, r"Sampling\.top_p is 1\.1"),
        ({"min_p": 1.5}, r"Sampling\.min_p is 1\.5; allowed: from 0 to 1; 0 switches it off"),
        ({"top_k": -1}, r"Sampling\.top_k is -1; allowed: 0 or more; 0 switches it off"),
        ({"max_tokens": 0}, r"Sampling\.max_tokens is 0; allowed: at least 1"),
    ],
)
def test_impossible_sampling_is_refused_with_what_is_allowed(change, words):
    with pytest.raises(InputError, match=words):
        Sampling(**change)


def test_sampling_that_is_wrong_is_called_as_it_was_given():
    with pytest.raises(InputError, match=r"^data\.evaluation\.n is 0; allowed: at least 1"):
        check_sampling("data.evaluation", {"n": 0, "temperature": 1.0})
    check_sampling("data.evaluation", {})


def test_only_top_p_top_k_and_min_p_cut_tokens_from_the_distribution():
    assert not Sampling(temperature=0.3, top_p=1.0, top_k=0).filters
    assert Sampling(top_p=0.9).filters
    assert Sampling(top_k=1).filters
    assert Sampling(min_p=0.1).filters


def test_rows_of_an_experience_are_picked_in_order_and_cut_to_length():
    whole = make_experience(
        [[1, 1, 0], [1, 0, 0], [1, 1, 1]],
        rewards_B=torch.tensor([0.0, 1.0, 2.0]),
        correct_B=torch.tensor([False, True, True]),
        old_logprobs_BT=torch.tensor([[1.0, 2.0, 0.0], [3.0, 0.0, 0.0], [4.0, 5.0, 6.0]]),
    )
    part = whole.rows([1, 0], length=2)
    assert part.mask_BT.tolist() == [[1, 0], [1, 1]]
    assert part.rewards_B.tolist() == [1.0, 0.0]
    assert part.correct_B.tolist() == [True, False]
    assert part.old_logprobs_BT.tolist() == [[3.0, 0.0], [1.0, 2.0]]
    assert part.advantages_BT is None
    assert part.group_size == 1
    assert whole.group_size == 3 and whole.mask_BT.shape == (3, 3)


def test_lengths_count_response_tokens():
    assert make_experience([[1, 1, 0], [0, 0, 0]]).lengths_B.tolist() == [2, 0]


def test_a_batch_hands_out_its_groups_in_order():
    rollouts = [make_rollout(slot=slot) for slot in (0, 0, 1, 1, 2, 2)]
    batch = RolloutBatch(rollouts, Sampling(n=2), step=0, source="train")
    assert [[r.slot for r in group] for group in batch.groups] == [[0, 0], [1, 1], [2, 2]]


def test_time_spent_on_a_stage_adds_up(monkeypatch):
    clock = iter([12.0, 15.0])
    monkeypatch.setattr("asym_lit.types.rollouts.perf_counter", lambda: next(clock))
    batch = RolloutBatch([], Sampling(), step=0, source="train")
    now = batch.spend("generate", since=10.0)  # 12 - 10 = 2
    batch.spend("generate", since=now)  # 15 - 12 = 3
    assert batch.seconds == {"generate": 5.0}


def test_an_outcome_is_the_word_it_is_written_as():
    assert Outcome("correct") is Outcome.CORRECT
    assert f"{Outcome.UNDECIDED}" == "undecided"


def test_countdown_keeps_the_protocols_of_a_task_and_a_verifier():
    assert isinstance(Countdown(), Task) and isinstance(Countdown(), DemonstratedTask)
    assert isinstance(CountdownVerifier(), Verifier)
    assert not isinstance(CountdownVerifier(), Task)


def test_groups_of_one_problem_are_joined_in_what_was_kept_and_in_what_was_discarded():
    """Slot 2 and 3 are one problem, dropped once: its second answer stands in the batch, its first among the discarded."""
    kept = [make_rollout(slot=slot, reward=1.0) for slot in (0, 0, 2, 2, 3, 3, 4, 4)]
    dropped = [make_rollout(slot=slot, reward=0.0) for slot in (2, 2, 3, 3)]
    batch = RolloutBatch(kept, Sampling(n=2), 0, "fake", groups_each={2: 2}, discarded=dropped * 2)
    assert [[r.slot for r in problem] for problem in batch.problems] == [[0, 0], [2, 2, 3, 3], [4, 4]]
    assert batch.asked == [*batch.problems, dropped, dropped]
    assert [len(group) for group in batch.groups] == [2] * 4


def test_without_a_curriculum_problems_are_groups():
    batch = RolloutBatch([make_rollout(slot=slot) for slot in (0, 0, 1, 1)], Sampling(n=2), 0, "fake")
    assert batch.problems == batch.groups == batch.asked
