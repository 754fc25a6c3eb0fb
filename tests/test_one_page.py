"""The page that is read first does what the full program does: the same rollouts, the same weights, the same pass@k."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import torch
import yaml

from asym_lit.objectives import simko
from asym_lit.policy.loading import load_policy, load_tokenizer
from asym_lit.rollout.rendering import render
from asym_lit.run_folder.transcripts import read_transcript
from asym_lit.types import Sampling
from runs import ROOT, weights

PAGE = ROOT / "docs" / "one_page.py"


def read_page() -> ModuleType:
    spec = importlib.util.spec_from_file_location("one_page", PAGE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The page with smaller numbers: three steps of 16 groups of 8, in mini-batches of about four micro-batches."""
    module = read_page()
    small = {"STEPS": 3, "PROMPTS_PER_STEP": 16, "GROUP": replace(module.GROUP, n=8), "TRIES": replace(module.TRIES, n=4)}
    small["MICRO_BATCH_TOKENS"] = 512
    for name, value in {**small, "KS": (1, 2, 4), "TASK": replace(module.TASK, train_size=64, val_size=8)}.items():
        monkeypatch.setattr(module, name, value)
    return module


def test_the_page_writes_the_rollouts_and_ends_at_the_weights_of_the_full_program(
    page: ModuleType, fit: Callable[..., Path]
) -> None:
    sizes = ("--data.rollout_steps", "3", "--data.prompts_per_step", "16", "--data.sampling.n", "8", "--data.evaluation.n", "4")
    cut = ("--trainer.val_check_interval", "3", "--model.max_micro_batch_tokens", "512")
    every_step = ("--trainer.callbacks+=Transcript", "--trainer.callbacks.every_n_steps", "1")
    run = fit("simko", *sizes, *cut, *every_step)  # and the rest as the recipe has it

    model, tokenizer = load_policy("bundled"), load_tokenizer("bundled")
    problems = render(page.TASK.prompts("val"), tokenizer)
    before = page.evaluate(model, tokenizer, problems)
    history = page.train(model, tokenizer, render(page.TASK.prompts("train"), tokenizer))
    after = page.evaluate(model, tokenizer, problems)

    for step, rollouts in enumerate(history):
        theirs = read_transcript(run / "rollouts" / f"train_{step:06}.jsonl").rollouts
        assert [(r.prompt.uid, r.token_ids, r.reward) for r in rollouts] == [
            (r.prompt.uid, r.token_ids, r.reward) for r in theirs
        ], f"step {step}"
    assert len(history) == 3

    trained, start = weights(run / "checkpoints" / "step_000003"), load_policy("bundled").state_dict()
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, trained[name], rtol=0, atol=1e-6, msg=name)
    # Six steps of AdamW at 5e-5 carry a weight up to 3e-4: far above what is forgiven.
    assert max(float((start[name] - value).abs().max()) for name, value in trained.items()) > 1e-4

    report = json.loads((run / "pass_at_k.json").read_text())
    for ours, stage in ((before, "before"), (after, "after 3 steps")):
        assert ours == pytest.approx(dict(zip((1, 2, 4), report[stage]["countdown"]["mean"], strict=True)))


def test_the_page_has_the_settings_of_the_recipe() -> None:
    """Three steps reach no clip, so that equal weights alone would not tell."""
    page = read_page()
    recipe = yaml.safe_load((ROOT / "configs" / "simko.yaml").read_text())
    model, data = recipe["model"]["init_args"], recipe["data"]["init_args"]
    assert recipe["seed_everything"] == page.SEED
    assert simko(**model["objective"]["init_args"]) == page.SIMKO
    assert model["optimizer"]["init_args"] == {"lr": page.LEARNING_RATE, "weight_decay": 0.0}
    assert (model["mini_batches"], model["max_micro_batch_tokens"]) == (page.MINI_BATCHES, page.MICRO_BATCH_TOKENS)
    assert model["max_grad_norm"] == page.MAX_GRAD_NORM
    assert data["prompts_per_step"] == page.PROMPTS_PER_STEP
    assert Sampling(**data["sampling"]) == page.GROUP
    assert Sampling(**data["evaluation"]) == page.TRIES
    assert replace(page.TASK, val_size=256) == page.Countdown(**data["task"]["init_args"])


def test_the_page_prints_pass_at_k_before_and_after(page: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    page.main()
    printed = capsys.readouterr().out
    assert "step  3: " in printed
    table = printed[printed.index("pass@k") :].splitlines()
    assert table[0].split() == ["pass@k", "before", "after", "3", "steps"]
    assert [row.split()[0] for row in table[1:]] == ["1", "2", "4"]
    assert all(0 <= float(number) <= 1 for row in table[1:] for number in row.split()[1:])


def test_the_page_needs_no_lightning() -> None:
    ask = f"import runpy, sys; runpy.run_path({str(PAGE)!r}); print([n for n in sys.modules if 'lightning' in n.split('.')])"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"
