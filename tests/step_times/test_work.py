"""Counted work of a step, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asym_lit.step_times.costs import PolicyCosts, dense_costs
from asym_lit.step_times.decoding import EngineRoom, decode_bytes, decode_flops, passes_of, stretches
from asym_lit.step_times.work import (
    StepWork,
    head_flops,
    layers_flops,
    model_flops,
    prefill_flops,
    score_flops,
    update_flops,
)

COSTS = PolicyCosts(products=100, head=10, attended=3, cached=4, weights=120, trained=120)
WORK = StepWork(prompts=2, group=3, prompt=5, response=4, longest=4)


def test_a_dense_policy_has_the_weights_of_its_layers_and_of_head_and_embedding() -> None:
    """Qwen2.5-7B: 28 x (3584 x 128 x (2 x 28 + 2 x 4) + 3 x 3584 x 18944) + 2 x 152064 x 3584 = 7.616 billion."""
    costs = dense_costs(28, 3584, 28, 4, 128, 18944, 152064)
    assert costs.products == 28 * (3584 * 128 * 64 + 3 * 3584 * 18944)
    assert costs.weights / 1e9 == pytest.approx(7.615, abs=0.001)
    assert costs.cached * costs.number_bytes == 57_344  # bytes of a token's keys and values
    assert dense_costs(28, 3584, 28, 4, 128, 18944, 152064, tied=True).weights == costs.weights - costs.head


def test_a_shared_prompt_is_read_once_for_its_group() -> None:
    assert WORK.read == 2 * 5 + 6 * 4
    assert replace(WORK, shares_prompts=False).read == 6 * (5 + 4)


def test_a_token_sees_its_prompt_and_half_of_its_response() -> None:
    """6 responses of 4: 4 x 4 / 2 own pairs and 4 x 5 to the prompt; 2 prompts of 5 x 5 / 2."""
    assert WORK.pairs == 6 * (8 + 20) + 2 * 12.5
    assert replace(WORK, shares_prompts=False).pairs == 6 * (9 * 9 / 2)


def test_lengths_that_differ_attend_more_than_their_mean_does() -> None:
    """Evenly from 0 to 8: the mean is 4, the mean square 64 / 3."""
    spread = replace(WORK, prompt=0, longest=8)
    assert spread.bend == 1
    assert spread.pairs == pytest.approx(6 * 64 / 3 / 2)


def test_a_pass_costs_two_operations_a_weight_and_four_a_pair() -> None:
    assert layers_flops(COSTS, WORK) == 2 * 100 * WORK.read + 4 * 3 * WORK.pairs
    assert head_flops(COSTS, WORK) == 2 * 10 * 24
    assert prefill_flops(COSTS, WORK) == 2 * (2 * 100 * 5 + 2 * 3 * 25)


def test_an_update_is_three_passes_and_the_head_makes_its_logits_twice() -> None:
    layers, head = layers_flops(COSTS, WORK), head_flops(COSTS, WORK)
    assert update_flops(COSTS, WORK) == 3 * layers + 4 * head
    assert update_flops(COSTS, replace(WORK, recomputes=True)) == 4 * layers + 4 * head
    assert update_flops(replace(COSTS, trained=1), WORK) == 2 * layers + 3 * head  # no gradients by frozen weights
    assert update_flops(COSTS, replace(WORK, learning=0.5, inner_epochs=2)) == update_flops(COSTS, WORK)
    assert model_flops(COSTS, replace(WORK, recomputes=True)) == 3 * (layers + head)  # what is done twice does not count


def test_nothing_scored_costs_nothing_and_two_passes_twice_one() -> None:
    assert score_flops(COSTS, WORK) == 0
    assert score_flops(COSTS, replace(WORK, scored=2)) == 2 * (layers_flops(COSTS, WORK) + head_flops(COSTS, WORK))


def test_responses_of_one_length_are_all_in_work_to_the_end() -> None:
    found = list(stretches(WORK, 6, EngineRoom()))
    assert sum(one.passes for one in found) == pytest.approx(4)
    assert {one.rows for one in found} == {6}
    assert sum(one.passes * one.keys for one in found) / 4 == pytest.approx(5 + 2)  # the prompt and half of the response


def test_tokens_that_are_written_are_those_of_the_mean_length() -> None:
    work = replace(WORK, response=100, longest=300)
    written = sum(one.passes * one.rows for one in stretches(work, 1000, EngineRoom()))
    assert written == pytest.approx(1000 * 100, rel=0.01)
    assert passes_of(work, 1000, EngineRoom()) == pytest.approx(300)


def test_a_static_engine_waits_for_the_longest_of_each_batch_and_one_that_refills_once() -> None:
    """12 responses, 4 at once: three batches of up to 300 passes; or 8 x 100 / 4 passes until the last four begin."""
    work = replace(WORK, response=100, longest=300)
    assert passes_of(work, 12, EngineRoom(4, refills=False)) == pytest.approx(900)
    assert passes_of(work, 12, EngineRoom(4)) == pytest.approx(200 + 300)
    assert passes_of(work, 0, EngineRoom(4)) == 0


def test_a_pass_reads_all_weights_and_the_cache_of_each_row() -> None:
    (one, *_) = stretches(replace(WORK, prompt=10, longest=4), 3, EngineRoom())
    assert decode_bytes(COSTS, one) == pytest.approx(2 * (110 + 4 * 3 * one.keys))
    assert decode_flops(COSTS, one) == pytest.approx(3 * (220 + 12 * one.keys))
