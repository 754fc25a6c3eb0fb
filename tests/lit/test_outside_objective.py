"""Objectives by import path: from outside of the package, nested, and with parts of their own."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

import outside
from asym_lit.cli import make_cli
from asym_lit.lit import PolicyModule
from asym_lit.objectives import corrected, forking_tokens, presets, simko
from asym_lit.objectives.corrections import TokenTruncated
from runs import scalars

RECIPE = str(Path(__file__).parents[2] / "configs" / "grpo.yaml")


def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> PolicyModule:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["train.py"])
    cli = make_cli(["--config", RECIPE, "--trainer.accelerator", "cpu", *words], run=False)
    assert isinstance(cli.model, PolicyModule)
    return cli.model


def test_an_objective_from_outside_of_the_package_trains(fit: Callable[..., Path]) -> None:
    run = fit("grpo", "--model.objective", "outside.median_grpo", "--model.objective.clip", "0.1")
    assert "outside.median_grpo" in (run / "config.yaml").read_text()
    assert len(scalars(run, "loss/total")) == 4


def test_its_knobs_are_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = built(tmp_path, monkeypatch, "--model.objective=outside.median_grpo", "--model.objective.clip=0.1")
    assert module.objective == outside.median_grpo(0.1)


def test_combinators_nest_and_take_parts_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nested.yaml").write_text(
        """
model:
  init_args:
    objective:
      class_path: asym_lit.objectives.corrected
      init_args:
        correction: {class_path: asym_lit.objectives.corrections.TokenTruncated, init_args: {cap: 1.5}}
        base:
          class_path: asym_lit.objectives.forking_tokens
          init_args: {quantile: 0.5, base: {class_path: asym_lit.objectives.simko}}
"""
    )
    module = built(tmp_path, monkeypatch, "--config", str(tmp_path / "nested.yaml"))
    assert module.objective == corrected(forking_tokens(simko(), 0.5), TokenTruncated(1.5))


@pytest.mark.parametrize("name", presets.__all__)
def test_every_preset_trains(fit: Callable[..., Path], name: str, tmp_path: Path) -> None:
    """Two steps of two updates; what needs a base stands on GRPO with a reference."""
    base = "{class_path: asym_lit.objectives.grpo, init_args: {kl: 0.01}}"
    arguments = {
        **dict.fromkeys(BASED, f"base: {base}"),
        "corrected": f"base: {base}, correction: {{class_path: asym_lit.objectives.corrections.SequenceMask}}",
        "with_parts": f"base: {base}, aggregation: TokenSum, regularizers: [EntropyBonus]",
        "dppo": "anchor: rollout, tether: 0.001, cap: null",
        "dr_grpo": "max_tokens: 24",
        "dro": "beta: 0.1",
        "bcpg_nsa": "beta: 1",  # no annotator here
        "simko": "warm_up_steps: 1, scope: batch, penalty_on: ratio",
        "pkpo": "k: 2",
        "pass_at_k_training": "k: 2",
    }
    overlay = tmp_path / "preset.yaml"
    overlay.write_text(
        "model: {init_args: {objective: {class_path: asym_lit.objectives."
        + name
        + ", init_args: {"
        + arguments.get(name, "")
        + "}}}}"
    )
    run = fit("grpo", "--config", str(overlay), "--data.rollout_steps", "2", "--trainer.limit_val_batches", "0")
    skipped = scalars(run, "update/skipped")
    assert len(skipped) == 2
    assert max(scalars(run, "update/grad_norm").values()) > 0 or name in {"psr", "psr_full", "raft_pp"}


BASED = [name for name in presets.__all__ if "base" in inspect.signature(getattr(presets, name)).parameters]
