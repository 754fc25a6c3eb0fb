"""Runs with real vLLM: like those with the embedded engine, stopped when something is wrong, and resumed exactly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from real_vllm import needs_vllm, tied_policy
from runs import run_cold, scalars, weights, words

pytestmark = needs_vllm
VLLM = ["--data.engine", "VLLMEngine"]
LONG = [
    *("--config", "tests/lit/always_something.yaml", "--model.warmup_steps", "0", "--model.optimizer.lr", "0.003"),
    *("--trainer.limit_val_batches", "0"),
]
"""For faults that show only after an update, and only in prompts long enough to be cached."""


def test_twenty_steps_follow_the_embedded_engine(tmp_path: Path, fit: Callable[..., Path]) -> None:
    size = ["--data.rollout_steps", "20", "--data.prompts_per_step", "16", "--data.sampling.n", "8"]
    size += ["--trainer.val_check_interval", "20", "--data.task.train_size", "512"]
    ours = fit("simko", *size, folder=tmp_path / "hf")
    theirs = fit("simko", *size, *VLLM, folder=tmp_path / "vllm")
    gaps = scalars(theirs, "mismatch/max")
    assert list(gaps) == list(range(20))
    assert max(gaps.values()) <= 1e-4
    mean = {run: sum(scalars(run, "reward/mean").values()) / 20 for run in (ours, theirs)}
    # 2,560 responses of p = 0.25: two standard errors of a difference of such means are 0.024, groups make them wider.
    assert mean[theirs] == pytest.approx(mean[ours], abs=0.08)
    loss = {run: sum(map(abs, scalars(run, "loss/total").values())) / 20 for run in (ours, theirs)}
    assert loss[theirs] == pytest.approx(loss[ours], rel=0.5)


@pytest.mark.parametrize(
    ("engine", "more", "cause"),
    [
        ("WeightsNotSent", [], "step 1: .*weights that a sync does not reach"),
        ("WeightsSentLate", [], "step 1: .*stale weights: after another sync the engine agrees"),
        ("PrefixCacheKept", ["--data.engine.block_size", "32"], "step 1: .*a stale prefix cache"),
        (
            "VLLMEngine",
            ["--data.engine.further", "{logprobs_mode: raw_logprobs}", "--data.sampling.temperature", "0.5"],
            "step 0: .*at temperature 1, not at 0.5",
        ),
    ],
)
def test_a_planted_fault_stops_the_run_and_is_named(fit: Callable[..., Path], engine: str, more: list[str], cause: str) -> None:
    name = engine if engine == "VLLMEngine" else f"faulty_vllm.{engine}"
    with pytest.raises(RuntimeError, match=cause):
        fit("grpo", *LONG, "--data.engine", name, *more)


def test_a_tied_head_that_is_not_sent_stops_the_run(tmp_path: Path, fit: Callable[..., Path]) -> None:
    policy = ["--model.policy", tied_policy(tmp_path / "policy"), "--model.optimizer.lr", "0.05"]
    with pytest.raises(RuntimeError, match=r"step 1: .*ties its LM head to its embeddings"):
        fit("grpo", *LONG, *policy, "--data.engine", "faulty_vllm.TiedHeadNotSent")
    run = fit("grpo", *LONG, *policy, *VLLM, folder=tmp_path / "sent")
    assert max(scalars(run, "mismatch/max").values()) <= 1e-4


def test_an_engine_that_was_built_before_the_process_group_stops_the_run(tmp_path: Path) -> None:
    two = ["--trainer.devices", "2", "--trainer.strategy", "ddp"]
    done = run_cold(*words(tmp_path, "grpo", *two, "--data.engine", "faulty_vllm.BuiltTooEarly"), expect=1)
    assert "something made a process group before the strategy did" in done.stderr


@pytest.mark.parametrize(("strategy", "processes_per_engine"), [("ddp", 1), ("fsdp2", 1), ("ddp", 2)])
def test_five_steps_of_two_processes_agree(tmp_path: Path, strategy: str, processes_per_engine: int) -> None:
    more = ["--trainer.devices", "2", "--trainer.strategy", strategy, "--trainer.limit_val_batches", "0"]
    more += [*VLLM, "--data.engine.tensor_parallel_size", str(processes_per_engine)]
    run_cold(*words(tmp_path, "grpo", *more, "--data.rollout_steps", "5", "--model.optimizer.lr", "0.001"))
    gaps = scalars(tmp_path / "run" / "version_0", "mismatch/max")
    assert len(gaps) == 5
    assert max(gaps.values()) <= 1e-4


def test_a_resumed_run_samples_the_same_tokens(tmp_path: Path, fit: Callable[..., Path]) -> None:
    every = [*VLLM, "--config", "tests/lit/transcribed.yaml"]
    whole = fit("grpo", *every, folder=tmp_path / "whole")
    part = fit("grpo", *every, "--data.rollout_steps", "2", folder=tmp_path / "part")  # made longer below
    assert sorted(path.name for path in part.glob("checkpoints/step_*")) == ["step_000001", "step_000002"]
    assert fit("grpo", *every, "--ckpt_path", str(part), folder=tmp_path / "part") == part
    for step in (2, 3):
        rows = [(run / "rollouts" / f"train_{step:06d}.jsonl").read_text() for run in (whole, part)]
        assert [json.loads(line)["token_ids"] for line in rows[0].splitlines()]
        assert rows[0] == rows[1]
    for name, value in weights(whole / "checkpoints/step_000004").items():
        assert torch.equal(value, weights(part / "checkpoints/step_000004")[name]), name


def test_adapters_are_merged_for_the_engine(fit: Callable[..., Path]) -> None:
    run = fit("grpo", "--config", "configs/overlays/lora.yaml", *VLLM, "--model.optimizer.lr", "0.003")
    gaps = scalars(run, "mismatch/max")
    assert len(gaps) == 4
    assert max(gaps.values()) <= 1e-4


def test_a_run_with_stops_keeps_the_token_that_ends_and_lightning_warns_of_no_metric(
    tmp_path: Path, fit: Callable[..., Path], recwarn: pytest.WarningsRecorder
) -> None:
    stops = ["--data.sampling.stop_strings", "['+', '*(']"]
    run = fit("grpo", *VLLM, *stops, "--data.rollout_steps", "2", folder=tmp_path)
    rows = [json.loads(line) for path in run.glob("rollouts/train_*") for line in path.read_text().splitlines()]
    ended = [row for row in rows if row["finish_reason"] == "stop" and row["token_ids"][-1] != 1]
    assert ended and all(len(row["token_ids"]) > len(row["response"]) for row in ended)
    assert not any("+" in row["response"] or "*(" in row["response"] for row in rows)
    assert max(scalars(run, "mismatch/max").values()) <= 1e-4
    assert [str(one.message) for one in recwarn if "sync_dist" in str(one.message)] == []
