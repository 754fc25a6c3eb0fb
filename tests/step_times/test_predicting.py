"""Seconds from figures and from measured steps; splits of GPUs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asym_lit.step_times.costs import PolicyCosts, dense_costs
from asym_lit.step_times.decoding import EngineRoom
from asym_lit.step_times.devices import DEVICES, Device, device_named
from asym_lit.step_times.moving import moved
from asym_lit.step_times.pace import Effort, Pace, efforts, pace_of, predicted
from asym_lit.step_times.roofline import Reached, Roofline, StageSeconds
from asym_lit.step_times.splits import apart, shortest
from asym_lit.step_times.work import StepWork, update_flops

ALL = Reached(update=1, score=1, prefill=1, decode=1, bandwidth=1, link=1, pass_seconds=0, memory=1)
QWEN_7B = dense_costs(28, 3584, 28, 4, 128, 18944, 152064)
WORK = StepWork(prompts=8, group=8, prompt=128, response=512, longest=2048, scored=1)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA H100 PCIe", "H100 PCIe"),
        ("NVIDIA H200", "H200"),
        ("NVIDIA H20", "H20"),
        ("NVIDIA A100-SXM4-40GB", "A100 40GB"),
        ("NVIDIA A100-SXM4-80GB", "A100"),
        ("NVIDIA A100 80GB PCIe", "A100 PCIe"),
        ("NVIDIA L40S", "L40S"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("NVIDIA B200", "B200"),
        ("Tesla T4", None),
    ],
)
def test_a_gpu_is_known_by_the_name_that_torch_gives_it(name: str, wanted: str | None) -> None:
    found = device_named(name)
    assert (found and found.name) == wanted
    assert [device_named(one.name) for one in DEVICES] == list(DEVICES)


def test_one_response_reads_all_weights_for_each_token() -> None:
    """7.07 billion weights of 2 bytes at 3.35 TB/s: 4.2 ms, beside a cache that is small at the start."""
    device = device_named("H100")
    assert device is not None
    roofline = Roofline(QWEN_7B, device, ALL)
    assert roofline.one_pass() == pytest.approx(2 * 7.0706e9 / 3.35e12, rel=1e-3)
    alone = roofline.generate(StepWork(1, 1, 0, 100, 100), 1)
    assert alone == pytest.approx(100 * roofline.one_pass(), rel=1e-3)


def test_many_responses_are_bound_by_operations_and_few_by_memory() -> None:
    device = Device("made up", flops=1e12, bandwidth=1e12, memory=1e15, link=1e12)
    costs = PolicyCosts(products=1e9, head=0, attended=0, cached=0, weights=1e9, trained=1e9)
    roofline = Roofline(costs, device, ALL)
    one, thousand = (roofline.generate(StepWork(rows, 1, 0, 10, 10), 1) for rows in (1, 1000))
    assert one == pytest.approx(10 * 2e9 / 1e12)
    assert thousand == pytest.approx(10 * 1000 * 2e9 / 1e12)


def test_a_small_cache_makes_responses_wait() -> None:
    device = Device("made up", flops=1e15, bandwidth=1e12, memory=3e9, link=1e12)
    costs = PolicyCosts(products=1e9, head=0, attended=0, cached=1e4, weights=1e9, trained=1e9)
    roofline, work = Roofline(costs, device, ALL), StepWork(10, 10, 0, 1000, 1000)
    assert roofline.room(work, 1).rows == pytest.approx(1e9 / (2e4 * 500))  # 100 of them
    assert roofline.room(work, 1, cache=1e8).rows == pytest.approx(10)
    assert roofline.generate(work, 1, cache=1e8) > 5 * roofline.generate(work, 1)


def test_an_update_takes_its_operations_over_all_gpus_unless_gathering_takes_longer() -> None:
    device = Device("made up", flops=1e15, bandwidth=1e30, memory=1e15, link=1e30)
    quick = Roofline(QWEN_7B, device, ALL)
    assert quick.update(WORK, 4) == pytest.approx(update_flops(QWEN_7B, WORK) / 4e15)
    slow = Roofline(QWEN_7B, replace(device, link=1e9), ALL, micro_batch_tokens=WORK.read / 4)
    moved_bytes = (2 * 2 + 4) * QWEN_7B.weights * 3 / 4  # one micro-batch: gathered twice in 16 bits, gradients in 32
    assert slow.update(WORK, 4) == pytest.approx(moved_bytes / 1e9)
    assert slow.update(WORK, 1) == pytest.approx(4 * quick.update(WORK, 4))  # nothing is gathered on one


def test_two_steps_tell_passes_from_operations_and_one_puts_all_down_to_operations() -> None:
    """0.5 s a pass and 2 s an operation."""
    few, many = Effort(4, 1), Effort(4, 10)
    found = pace_of([(few, 4.0), (many, 22.0)])
    assert (found.pass_seconds, found.flop_seconds) == pytest.approx((0.5, 2.0))
    assert found.seconds(Effort(2, 5)) == pytest.approx(11)
    assert pace_of([(many, 22.0)]) == Pace(0.0, pytest.approx(2.2))
    assert pace_of([(Effort(0, 0), 1.0)]) == Pace(0.0, 0.0)


def test_a_pace_is_never_negative() -> None:
    assert pace_of([(Effort(1, 1), 1.0), (Effort(1, 2), 3.0)]).pass_seconds == 0
    assert pace_of([(Effort(1, 1), 3.0), (Effort(1, 2), 1.0)]).flop_seconds == 0


def test_a_step_that_was_measured_is_predicted_as_measured() -> None:
    wanted = efforts(QWEN_7B, WORK, EngineRoom())
    seconds = {"generate": 20.0, "score": 3.0, "update": 11.0}
    half = efforts(QWEN_7B, replace(WORK, prompts=4), EngineRoom())
    paces = {s: pace_of([(half[s], seconds[s] / 2), (wanted[s], seconds[s])]) for s in seconds}
    found = predicted(paces, wanted)
    assert [found.generate, found.score, found.update] == pytest.approx([20, 3, 11], rel=0.01)
    assert found.step == pytest.approx(34, rel=0.01)


def stages(engines: int, trainers: int) -> StageSeconds:
    """Work of 120 GPU seconds each, and a sync."""
    return StageSeconds(120 / engines, 20 / trainers, 100 / trainers, 1.0)


def test_apart_the_stages_add_up_and_one_step_behind_the_longer_one_counts() -> None:
    """8 GPUs: 4 + 4 is best, 30 + 30 + 1 in turn, 30 + 1 side by side."""
    now, behind = (shortest(apart(stages, 8, lag)) for lag in (0, 1))
    assert now is not None and behind is not None
    assert (now.engines, now.trainers, now.seconds) == (4, 4, 61)
    assert (behind.engines, behind.trainers, behind.seconds) == (4, 4, 31)


def test_a_split_leaves_enough_gpus_for_weights_and_whole_replicas() -> None:
    assert [split.engines for split in apart(stages, 8, 1, unit=2)] == [2, 4, 6]
    best = shortest(apart(stages, 8, 1, trainers=6))
    assert best is not None and (best.engines, best.seconds) == (2, 61)
    assert shortest(apart(stages, 2, 1, trainers=2)) is None


def test_on_more_gpus_all_but_the_longest_response_shrinks() -> None:
    """100 s of generating, 40 of them the longest response: 40 + 60 / 4 on four times the GPUs."""
    measured = StageSeconds(100, 20, 60)
    found = moved(measured, gpus=8, engines=32, trainers=16, tail=40, sync=0.5)
    assert found == StageSeconds(55, 10, 30, 0.5)
    assert moved(measured, 8, 8, 8, tail=40, sync=0) == measured
    assert moved(measured, 8, 32, 8, tail=400, sync=0).generate == 100  # no longer than what was measured
