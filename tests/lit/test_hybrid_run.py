"""Policies with recurrent layers, and with a soft cap, train with the embedded engine, resume and export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from asym_lit.policy.characters import character_tokenizer
from policies import save_tiny
from runs import scalars, weights
from tiny_classes import tiny


@pytest.mark.parametrize("kind", ["Qwen3_5Text", "Bamba"])
def test_a_hybrid_policy_is_scored_as_it_was_sampled(kind: str, tmp_path: Path, fit: Callable[..., Path]) -> None:
    tokenizer = character_tokenizer(128)
    tiny(kind, vocabulary=len(tokenizer)).save_pretrained(tmp_path / "policy")
    tokenizer.save_pretrained(tmp_path / "policy")
    run = fit("grpo", "--model.policy", str(tmp_path / "policy"))
    gaps = scalars(run, "mismatch/max")
    assert len(gaps) == 4 and max(gaps.values()) < 1e-4
    assert (run / "checkpoints/step_000004/huggingface/config.json").exists()


@pytest.mark.parametrize("kind", ["Qwen3_5Text", "Gemma2"])
def test_such_a_policy_resumes_to_the_weights_of_a_run_that_was_not_stopped_and_loads_from_its_export(
    kind: str, tmp_path: Path, fit: Callable[..., Path]
) -> None:
    if kind == "Gemma2":
        save_tiny(tmp_path / "policy", kind, initializer_range=0.3, bos_token_id=1, final_logit_softcapping=3.0)
    else:
        tokenizer = character_tokenizer(128)
        tiny(kind, vocabulary=len(tokenizer)).save_pretrained(tmp_path / "policy")
        tokenizer.save_pretrained(tmp_path / "policy")
    few = [
        "--model.policy",
        str(tmp_path / "policy"),
        "--trainer.num_sanity_val_steps",
        "0",
        "--trainer.limit_val_batches",
        "0",
    ]
    whole = fit("grpo", *few, folder=tmp_path / "whole")
    part = fit("grpo", *few, "--data.rollout_steps", "2", folder=tmp_path / "part")
    fit("grpo", *few, "--ckpt_path", str(part), folder=tmp_path / "part")
    expected, resumed = (weights(run / "checkpoints/step_000004") for run in (whole, part))
    assert all(torch.equal(value, resumed[name]) for name, value in expected.items())
    loaded = AutoModelForCausalLM.from_pretrained(part / "checkpoints/step_000004/huggingface")
    assert all(torch.equal(value, loaded.state_dict()[name]) for name, value in expected.items() if name in loaded.state_dict())
