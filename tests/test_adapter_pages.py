"""docs/loggers.md and docs/translate.md: their blocks run, on the bundled policy, where what they name is installed."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from asym_lit.cli import main
from asym_lit.tasks import Countdown
from runs import ROOT, SMALL


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL)


def test_the_loggers_of_the_page_keep_a_run_that_its_code_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("wandb", "mlflow", "sqlalchemy", "pandas"):
        pytest.importorskip(package, reason=f"{package} is not installed: pip install 'asym_lit[loggers]'")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    for name in ("WANDB_PROJECT", "WANDB_NAME", "WANDB_DIR", "MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)
    (loggers,), (reading,) = blocks("loggers.md", "yaml"), blocks("loggers.md", "python")
    Path("four.yaml").write_text(loggers)
    main(["fit", "--config", str(ROOT / "configs" / "simko.yaml"), "--threads", "1", *SMALL, "--config", "four.yaml"])
    sys.modules["wandb"].finish()
    assert len(list(Path("runs").glob("wandb/offline-run-*"))) == 1
    names: dict[str, object] = {}
    exec(compile(reading, "docs/loggers.md", "exec"), names)
    curve, points, samples = names["curve"], names["points"], names["samples"]
    assert [point.step for point in points] == list(curve["step"]) == [0, 2, 4]
    assert [point.value for point in points] == pytest.approx(list(curve["val/countdown/pass@1"]))
    assert {"prompt", "response", "outcome"} <= set(samples.columns) and len(samples) > 0


def test_the_block_with_trls_trainer_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("trl", reason="TRL is not installed; write pip install 'trl>=1.16,<1.17'")
    from datasets import Dataset

    monkeypatch.chdir(tmp_path)
    code, _ = blocks("translate.md", "python")
    small = "use_cpu=True, bf16=False, report_to='none', max_steps=1, per_device_train_batch_size=8, max_completion_length=8"
    for written, here in (('"Qwen/Qwen2.5-Math-7B"', "policy"), ("num_generations=8", f"num_generations=8, {small}")):
        assert code.count(written) == 1
        code = code.replace(written, here)
    rows = [{"prompt": p.text, "answer": p.answer["answer"]} for p in Countdown(train_size=8, val_size=1).prompts("train")]
    names: dict[str, object] = {"policy": str(ROOT / "src/asym_lit/policy/bundled"), "dataset": Dataset.from_list(rows)}
    exec(compile(code, "docs/translate.md", "exec"), names)
    assert names["trainer"].state.global_step == 1


def test_the_block_for_verl_registers_both_hooks_and_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    """verl's registries stand in for themselves: its wheel wants Ray. `integrations/test_verl.py` asks the real ones."""
    kept: dict[str, str] = {}
    core = ModuleType("verl.trainer.ppo.core_algos")
    core.register_adv_est = lambda name: lambda hook: kept.setdefault("adv_estimator", name)
    core.register_policy_loss = lambda name: lambda hook: kept.setdefault("loss_mode", name)
    for name in ("verl", "verl.trainer", "verl.trainer.ppo"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, core.__name__, core)
    _, code = blocks("translate.md", "python")
    names: dict[str, object] = {}
    exec(compile(code, "mine.py", "exec"), names)
    page = (ROOT / "docs" / "translate.md").read_text(encoding="utf-8")
    for hook, name in kept.items():
        assert f"{hook}={name}" in page
    assert len(kept) == 2
    score = names["compute_score"]("mine", r"It is \boxed{0.5}.", "1/2", {})
    assert score["score"] == 1.0 and score["acc"]
