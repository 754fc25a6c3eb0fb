"""Threads: the fewest that none beats by a tenth."""

import pytest
import torch
import transformers

from asym_lit.policy.thread_trial import ThreadTrial, try_threads
from fakes import tiny_policy


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        ({1: 1.0, 2: 0.95}, 1),  # five per cent are lost when something else runs beside
        ({1: 1.0, 2: 0.9}, 2),
        ({1: 1.0, 2: 10.0}, 1),
        ({1: 1.0, 2: 0.6, 4: 0.57}, 2),
        ({1: 1.0, 2: 0.6, 4: 0.3}, 4),
        ({3: 1.0}, 3),
    ],
)
def test_the_fewest_threads_that_none_beats_by_a_tenth_are_taken(seconds, chosen):
    assert ThreadTrial(seconds).chosen == chosen


def test_the_others_are_named_with_what_they_would_take():
    assert ThreadTrial({1: 1.0, 2: 2.5}).words == "1 (2 take 2.50 times as long)"
    assert ThreadTrial({1: 1.0, 2: 0.5}).words == "2 (1 take 2.00 times as long)"
    assert ThreadTrial({1: 0.0}).words == "1"


def test_a_trial_times_each_number_and_leaves_torch_as_it_was():
    before, state = torch.get_num_threads(), torch.get_rng_state()
    trial = try_threads(tiny_policy().config, 64, [1, 2])
    assert set(trial.seconds) == {1, 2} and min(trial.seconds.values()) > 0
    assert torch.get_num_threads() == before
    assert torch.equal(torch.get_rng_state(), state)


def test_one_number_needs_no_trial():
    assert try_threads(transformers.Qwen2Config(), 64, [4]).chosen == 4
