from itertools import combinations

import torch

from asym_lit.rollout.engine import request_seed, rounding_remarks

PLACE = {"run_seed": 0, "stage": "train", "step": 3, "slot": 7, "uid": "1,2=3"}


def test_a_seed_is_the_same_in_every_process():
    assert request_seed(**PLACE) == 3028244472356535958


def test_a_seed_fits_a_torch_generator():
    assert all(0 <= request_seed(**{**PLACE, "step": step}) < 2**63 for step in range(200))


def test_every_part_of_the_place_changes_the_seed():
    others = [{"run_seed": 1}, {"stage": "val"}, {"step": 4}, {"slot": 8}, {"uid": "1,2=4"}]
    seeds = [request_seed(**PLACE), *(request_seed(**{**PLACE, **other}) for other in others)]
    assert all(a != b for a, b in combinations(seeds, 2))


def test_parts_of_the_place_do_not_run_into_each_other():
    assert request_seed(0, "train", 1, 23, "p") != request_seed(0, "train", 12, 3, "p")


def test_weights_that_are_coarser_than_the_policys_are_remarked_on():
    (said,) = rounding_remarks("VLLMEngine", torch.float32, "bfloat16")
    assert "its weights are bfloat16, the policy's float32: updates below 0.004 of a weight round away" in said
    assert rounding_remarks("VLLMEngine", torch.bfloat16, "bfloat16") == rounding_remarks("HFEngine", torch.float32, None) == ()
