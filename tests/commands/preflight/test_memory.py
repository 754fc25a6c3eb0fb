"""What preflight says a run takes is what it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Callback, LightningModule, Trainer
from torch.profiler import ProfilerActivity, profile
from typing_extensions import override

from asym_lit.cli import main, make_cli
from asym_lit.commands.preflight.memory import CHECKPOINT, GENERATE, PHASES, PROCESS, STEP, UPDATE, estimate, resident_bytes
from asym_lit.commands.preflight.plan import PreflightSettings, RunPlan, plan_of
from asym_lit.policy.loading import load_tokenizer
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


VLLM = ["--data.engine", "asym_lit.rollout.vllm_engine.VLLMEngine"]
FOUR = ["--trainer.devices", "4", "--trainer.strategy"]


def parts(*more: str, recipe: str = "ace", gpu_memory_gib: float = 80.0) -> dict[str, float]:
    """Megabytes by part and by phase; `ace` with a KL has a reference."""
    found = estimate(plan(recipe, *more, gpu_memory_gib=gpu_memory_gib), longest_prompt=16)
    phases = {name: found.phase(name) for name in PHASES}
    return {name: size / 1e6 for name, size in {**{p.name: p.bytes for p in found.parts}, **phases, "peak": found.peak}.items()}


def test_the_bundled_policy_keeps_sixteen_bytes_a_weight_and_its_reference_four() -> None:
    """683,392 weights."""
    found = parts()
    assert found["weights"] == found["gradients"] == found["reference"] == pytest.approx(4 * 0.683392)
    assert found["optimizer"] == pytest.approx(8 * 0.683392)
    assert found["peak"] == max(found[phase] for phase in PHASES)


def test_on_a_cpu_the_process_and_a_checkpoint_in_memory_count() -> None:
    cpu = ["--trainer.accelerator", "cpu"]
    found, on_gpu = parts(*cpu, gpu_memory_gib=0), parts()
    assert 100e6 < 1e6 * found[PROCESS] <= 1.1 * resident_bytes()
    assert found["checkpoint's copy"] == pytest.approx(12 * 0.683392)  # weights and two moments, in fp32
    assert found["passes' memory"] == pytest.approx(found["activations"] / 2)
    kept = found[PROCESS] + 20 * 0.683392  # weights, gradients, two moments, reference
    assert found[CHECKPOINT] == pytest.approx(kept + found["checkpoint's copy"] + found["activations"] / 2)
    assert not {PROCESS, "checkpoint's copy", "passes' memory"} & set(on_gpu)


def test_shards_divide_what_is_kept_and_ddp_doubles_gradients() -> None:
    one, ddp, sharded = parts(), parts(*FOUR, "ddp"), parts(*FOUR, "fsdp2")
    for name in ("weights", "gradients", "optimizer", "reference"):
        assert sharded[name] == pytest.approx(one[name] / 4, rel=1e-5)
        assert ddp[name] == one[name] * (2 if name == "gradients" else 1)
    assert sharded["engine"] == one["weights"]  # a replica of the whole policy
    assert "engine" not in ddp


def test_an_engine_of_another_dtype_holds_a_replica_and_a_cache_of_that_dtype() -> None:
    one, half = parts(), parts("--data.engine.dtype", "bfloat16")
    assert "engine" not in one
    assert half["engine"] == pytest.approx(one["weights"] / 2)
    assert half["engine's cache"] < one["engine's cache"]


def test_an_engine_in_a_process_of_its_own_has_its_weights_and_with_a_lag_its_cache_beside_the_update() -> None:
    engine = ["--data.engine", "ProcessEngine", "--data.engine.max_batch_tokens", "16384"]
    shared, in_turn, beside = parts(), parts(*engine), parts(*engine, "--data.lag", "1")
    assert in_turn["engine"] == beside["engine"] == pytest.approx(shared["weights"])
    assert in_turn["engine's cache"] == beside["engine's cache"] == shared["engine's cache"]
    assert beside["update"] == pytest.approx(in_turn["update"] + in_turn["engine's cache"])
    on_host = parts(*engine, gpu_memory_gib=0.0)
    assert on_host["engine"] > 2 * shared["weights"] + 100, "what it is sent, and Python with its libraries"


def test_vllm_takes_its_share_of_the_gpu_and_gives_it_back_where_it_sleeps() -> None:
    awake, asleep = (parts(*VLLM, "--data.engine.init_args.sleep_level", level) for level in "01")
    assert awake["engine"] == asleep["engine"] == pytest.approx(0.4 * 80 * 2**30 / 1e6)
    assert awake[UPDATE] - asleep[UPDATE] == pytest.approx(awake["engine"])
    assert awake[GENERATE] == asleep[GENERATE]


def test_adapters_need_no_reference_and_little_else() -> None:
    whole, adapters = parts(), parts("--config", str(ROOT / "configs/overlays/lora.yaml"))
    assert adapters["reference"] == 0
    assert adapters["optimizer"] == 2 * adapters["gradients"] < whole["optimizer"] / 2


@pytest.mark.parametrize(
    ("kind", "recipe", "more"),
    [
        ("Qwen2", "simko", ["--model.objective.init_args.kl", "0.001"]),  # or wrong rollouts have no gradient, and no pass
        ("Qwen2", "simko", ["--model.objective.init_args.kl", "0.001", "--model.share_prompts", "false"]),
        ("Qwen3", "ace", ["--config", str(ROOT / "configs/overlays/lora.yaml")]),
        ("Llama", "ace", ["--model.gradient_checkpointing", "true"]),
    ],
)
def test_the_estimate_is_within_a_fifth_of_what_is_measured(tmp_path: Path, kind: str, recipe: str, more: list[str]) -> None:
    policy = save_tiny(tmp_path / "tiny", kind, vocabulary=4000, hidden=128, layers=4)
    tokenizer = load_tokenizer(policy)
    tokenizer.add_tokens([f"<{i}>" for i in range(len(tokenizer), 4000)])  # scores leave out tokens that it does not know
    tokenizer.save_pretrained(policy)
    arguments = [*more, *RUN, "--model.policy", policy]
    main(words(tmp_path, recipe, *arguments, "--trainer.callbacks+", f"{__name__}.MemoryWatch"))
    found = estimate(plan(recipe, *arguments, "--trainer.accelerator", "cpu"), longest_prompt=16)
    process = next(part.bytes for part in found.parts if part.name == PROCESS)
    estimated = max(found.phase(name) for name in (GENERATE, UPDATE, STEP)) - process  # what torch hands out
    assert estimated == pytest.approx(MemoryWatch.most, rel=0.2)
