"""The presets of 2025 and 2026 from the command line: each is built with the knobs that are written."""

from __future__ import annotations

import pytest

from asym_lit.cli import make_cli
from asym_lit.objectives import a_nsr, adaptive_entropy, bbg, gdpo, grpo, lens, opo, otb, remax, scheduled_clip
from asym_lit.objectives.corrections import TokenTruncated
from asym_lit.types import Schedule
from runs import ROOT

BASE = ["--model.objective.base", "grpo"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["opo"], opo()),
        (["remax", "--model.objective.clip", "0.3"], remax(0.3)),
        (["otb"], otb()),
        (
            ["otb", "--model.objective.correction", "asym_lit.objectives.corrections.TokenTruncated"],
            otb(correction=TokenTruncated()),
        ),
        (["gdpo", "--model.objective.over", "tokens", "--model.objective.eps", "1e-6"], gdpo("tokens", 1e-6)),
        (["lens", "--model.objective.alpha", "0.5"], lens(0.5)),
        (["a_nsr", "--model.objective.form", "share"], a_nsr("share")),
        (["bbg", *BASE, "--model.objective.k", "4", "--model.objective.weigh", "factor"], bbg(grpo(), 4, weigh="factor")),
        (["adaptive_entropy", *BASE, "--model.objective.rule", "trl"], adaptive_entropy(grpo(), rule="trl")),
        (["scheduled_clip", *BASE, "--model.objective.steps", "7"], scheduled_clip(grpo(), steps=7)),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_preset_is_built_as_it_is_written(words, expected, monkeypatch):
    monkeypatch.setattr("sys.argv", ["train.py"])
    config = str(ROOT / "configs" / "grpo.yaml")
    schedule = ["--data.temperature", "{start: 1.0, end: 1.2, steps: 5}"]
    cli = make_cli(["--config", config, "--trainer.accelerator", "cpu", "--model.objective", *words, *schedule], run=False)
    assert cli.model.objective == expected
    assert cli.datamodule.temperature == Schedule(1.0, 1.2, 5)
