"""What preflight says a run takes is what it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Callback, LightningModule, Trainer
from torch.profiler import ProfilerActivity, profile
from typing_extensions import override

from asym_lit.cli import main, make_cli
from asym_lit.lit.preflight.memory import estimate
from asym_lit.lit.preflight.plan import PreflightSettings, RunPlan, plan_of
from policies import save_tiny
from runs import ROOT, words

RUN = [
    *("--data.rollout_steps", "2", "--data.prompts_per_step", "4", "--data.sampling.n", "4"),
    *("--data.sampling.max_tokens", "48", "--model.mini_batches", "1", "--model.max_micro_batch_tokens", "512"),
    *("--trainer.limit_val_batches", "0", "--trainer.num_sanity_val_steps", "0"),
]


class MemoryWatch(Callback):
    """Adds up torch's allocations, those of the profiler's memory events, to the weights that stand at the start."""

    most = 0

    @override
    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.start = sum(p.numel() * p.element_size() for p in pl_module.parameters())
        self.start += sum(p.numel() * p.element_size() for one in pl_module._reference for p in one.parameters())  # type: ignore
        self.profile = profile(activities=[ProfilerActivity.CPU], profile_memory=True)
        self.profile.start()

    @override
    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.profile.stop()
        found: Any = self.profile.profiler
        now = most = 0
        for _, size in sorted((e.start_ns(), e.nbytes()) for e in found.kineto_results.events() if e.name() == "[memory]"):
            now += size
            most = max(most, now)
        MemoryWatch.most = self.start + most


def plan(recipe: str, *more: str, gpu_memory_gib: float = 0.0) -> RunPlan:
    cli = make_cli(["--config", str(ROOT / f"configs/{recipe}.yaml"), *more], run=False)
    settings = PreflightSettings(gpu_memory_gib=gpu_memory_gib)
    return plan_of(cli.model, cli.datamodule, cli.trainer.callbacks, cli.config.trainer, settings)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["train.py"])


@pytest.mark.parametrize(
    ("kind", "recipe", "more"),
    [
        ("Qwen2", "simko", []),
        ("Qwen3", "ace", ["--config", str(ROOT / "configs/overlays/lora.yaml")]),
        ("Llama", "ace", ["--model.gradient_checkpointing", "true"]),
    ],
)
def test_the_estimate_is_within_a_fifth_of_what_is_measured(tmp_path: Path, kind: str, recipe: str, more: list[str]) -> None:
    policy = save_tiny(tmp_path / "tiny", kind, vocabulary=4000, hidden=128, layers=4)
    arguments = [*more, *RUN, "--model.policy", policy]
    main(words(tmp_path, recipe, *arguments, "--trainer.callbacks+", f"{__name__}.MemoryWatch"))
    estimated = estimate(plan(recipe, *arguments, "--trainer.accelerator", "cpu"), longest_prompt=16).peak
    assert estimated == pytest.approx(MemoryWatch.most, rel=0.2)
