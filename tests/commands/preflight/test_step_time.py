"""What preflight says of a step's seconds: by figures, measured, and for which split of GPUs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from asym_lit.cli import make_cli
from asym_lit.commands.preflight.checks import Rows, rows_of
from asym_lit.commands.preflight.measuring import MeasuringBench
from asym_lit.commands.preflight.memory import MemoryEstimate
from asym_lit.commands.preflight.plan import Hardware, PreflightSettings, RunPlan, plan_of
from asym_lit.commands.preflight.step_time import time_lines
from asym_lit.commands.preflight.step_work import scored_share, work_of
from asym_lit.types import InputError, Needs
from runs import ROOT

SMALL = ["--data.task.train_size", "64", "--data.task.val_size", "8", "--data.prompts_per_step", "8"]
FIGURES = re.compile(r"A step takes about (\S+) s: generate ([\d.e-]+)(.*?) \(")
GPU = Hardware(1, 1, "auto", is_gpu=True, memory_bytes=80 * 2**30)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunPlan, Rows]:
    """SimKO's recipe, smaller, on a CPU; and its problems."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("plan"))
        patch.setattr("sys.argv", ["train.py"])
        cli = make_cli(["--config", str(ROOT / "configs/simko.yaml"), "--trainer.accelerator", "cpu", *SMALL], run=False)
        plan = plan_of(cli.model, cli.datamodule, cli.trainer.callbacks, cli.config.trainer, PreflightSettings())
        return plan, rows_of(plan)[0]


def lines(run: tuple[RunPlan, Rows], hardware: Hardware | None = None, **settings: float | str) -> list[str]:
    plan, training = run
    chosen = PreflightSettings(**settings)  # type: ignore[arg-type]
    plan = replace(plan, settings=chosen, hardware=hardware or plan.hardware)
    return list(time_lines(plan, training, max(training.lengths), MemoryEstimate(())))


def test_a_step_on_a_gpu_is_told_by_figures_with_how_sure_that_is(run: tuple[RunPlan, Rows]) -> None:
    (line,) = lines(run, GPU, gpu="H100")  # one GPU is not shared out
    found = FIGURES.search(line)
    assert found and float(found[1]) >= float(found[2]) >= 0.6  # 25 ms a pass of HFEngine for each of 24 tokens
    assert "by the figures of an H100; responses of 24 tokens, as long as they may be" in line
    assert "half or twice as much" in line
    assert "as long as they may be" not in lines(run, GPU, gpu="H100", response_tokens=12)[0]


def test_the_best_splits_of_eight_gpus_are_told(run: tuple[RunPlan, Rows]) -> None:
    _, line = lines(run, replace(GPU, devices=8), gpu="H100")
    found = re.search(
        r"8 GPUs, engine \+ trainer: together \S+ s; apart (\d) \+ (\d) in \S+ s; .*lag 1\) (\d) \+ (\d) in", line
    )
    assert found and int(found[1]) + int(found[2]) == int(found[3]) + int(found[4]) == 8


def test_on_a_cpu_a_step_is_told_only_if_it_is_measured(run: tuple[RunPlan, Rows]) -> None:
    (line,) = lines(run)
    assert "not told for a CPU from figures: --preflight.measure 10" in line
    assert lines(run, gpu="H100") == lines(run, GPU, gpu="H100")  # as planned for elsewhere
    (line,) = lines(run, measure=5)
    found = FIGURES.search(line)
    assert found and float(found[1]) > float(found[2]) > 0
    assert "score" in found[3] and "update" in found[3]
    assert re.search(r"measured here on 5 prompts in \d+ s: responses of \d+ tokens, \d+% of them with a gradient", line)


def test_a_mixed_precision_is_measured_as_it_trains(run: tuple[RunPlan, Rows]) -> None:
    plan, _ = run
    for precision, mixed in (("bf16-mixed", True), ("32-true", False), (None, False)):
        bench = object.__new__(MeasuringBench)
        bench.plan, bench.device = replace(plan, trainer={"precision": precision}), torch.device("cpu")
        with bench._precision():
            assert torch.is_autocast_enabled("cpu") is mixed


def metrics(folder: Path, *steps: tuple[float, float, float]) -> Path:
    """A run's, with seconds of generating, scoring, updating."""
    names = ("time/generate", "time/score", "time/update")
    points = [dict(zip(names, one, strict=True)) | {"rollout/length": 10, "update/idle": 0.25} for one in steps]
    lines = [json.dumps(point) for point in [{"val/pass@1": 0.5}, *points]]
    (folder / "metrics.jsonl").write_text("\n".join(lines))
    return folder


def test_a_run_of_the_recipe_says_what_a_step_takes_and_corrects_the_splits(run: tuple[RunPlan, Rows], tmp_path: Path) -> None:
    """The first step is left out. A trainer that is slow for its figures wants more of the GPUs."""
    folder = metrics(tmp_path, (500, 500, 500), (30, 2, 10), (50, 4, 20))
    line, splits = lines(run, replace(GPU, devices=8), gpu="H100", like=str(folder))
    assert "A step takes about 58 s: generate 40, score 3, update 15 (as the steps of" in line
    assert "2 of them: responses of 10 tokens, 75% of them with a gradient" in line
    assert "together 58 s" in splits
    engines = {}
    for update in (1, 4000):
        metrics(tmp_path, (40, 1, update))
        _, splits = lines(run, replace(GPU, devices=8), gpu="H100", like=str(folder))
        found = re.search(r"lag 1\) (\d) \+ (\d) in", splits)
        assert found
        engines[update] = int(found[1])
    assert engines[4000] < engines[1]
    assert len(lines(run, like=str(folder))) == 1  # on a CPU no GPUs are shared out


def test_a_folder_without_seconds_is_refused(run: tuple[RunPlan, Rows], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"preflight.like is .* which holds no metrics.jsonl; give it the folder of a run"):
        lines(run, like=str(tmp_path))
    metrics(tmp_path)
    with pytest.raises(InputError, match="no seconds of a step; they are logged by the callback StepAccounting"):
        lines(run, like=str(tmp_path))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"measure": -1}, "preflight.measure is -1; allowed: 0 or more"),
        ({"measure": 1}, "two steps of different size"),
        ({"response_tokens": -2}, "preflight.response_tokens is -2"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, int], words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        PreflightSettings(**settings)  # type: ignore[arg-type]


def test_a_gpu_without_figures_and_a_split_policy_are_refused_with_what_would_do(run: tuple[RunPlan, Rows]) -> None:
    for given, meant in (("T4", "L4"), ("H10", "H100"), ("rtx 4091", "RTX 4090")):
        with pytest.raises(InputError, match=f"preflight.gpu is '{given}', .* Did you mean '{meant}'. Allowed: B200, "):
            PreflightSettings(gpu=given)  # also for a run on a CPU, or one that is measured
    with pytest.raises(InputError, match="whole on one device; the run's strategy is fsdp2"):
        lines(run, replace(GPU, strategy="fsdp2"), measure=4)


def test_what_is_scored_before_the_updates_hangs_on_mini_batches_diagnostics_and_reference(
    run: tuple[RunPlan, Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recipe has two mini-batches and watches its rollouts: half of those that learn, and all that do not."""
    plan, _ = run
    assert scored_share(plan, learning=0.6) == pytest.approx(0.6 / 2 + 0.4)
    assert scored_share(replace(plan, callbacks=()), learning=0.6) == pytest.approx(0.6 / 2)
    work = work_of(plan, 32, 20, 12, 24, learning=0.6)
    assert (work.rollouts, work.updates, work.shares_prompts, work.recomputes) == (512, 2, True, False)
    monkeypatch.setattr(type(plan.module.objective), "rollout_needs", Needs(reference=True, rollout_scores=True))
    assert scored_share(plan, learning=0.6) == pytest.approx(2)  # all of them by policy and reference
