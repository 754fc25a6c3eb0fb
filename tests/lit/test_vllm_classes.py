"""Policies of other classes with real vLLM on a CPU: written with as they are trained, or refused in one line at the start."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from asym_lit.policy.characters import character_tokenizer
from policies import save_tiny
from real_vllm import needs_vllm
from runs import run_cold, scalars, weights
from runs import words as command
from tiny_classes import tiny

pytestmark = needs_vllm
Fit = Callable[..., Path]
FEW = [
    *("--data.engine", "VLLMEngine", "--data.rollout_steps", "3", "--model.optimizer.lr", "0.003"),
    *("--trainer.num_sanity_val_steps", "0", "--trainer.limit_val_batches", "0", "--trainer.val_check_interval", "1"),
]
LARGE = {"initializer_range": 0.2, "bos_token_id": 1, "hidden": 64, "context": 128}
EXPERTS = {**LARGE, "num_experts": 4, "num_experts_per_tok": 2, "decoder_sparse_step": 1}


def save_hybrid(folder: Path, kind: str) -> str:
    tokenizer = character_tokenizer(128)
    tiny(kind, vocabulary=len(tokenizer)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def test_a_policy_whose_attention_and_logits_are_capped_trains_resumes_and_is_exported(tmp_path: Path, fit: Fit) -> None:
    capped = {"final_logit_softcapping": 3.0, "attn_logit_softcapping": 5.0, "query_pre_attn_scalar": 32}
    policy = save_tiny(tmp_path / "policy", "Gemma2", **LARGE, **capped, tie_word_embeddings=True)
    every = ["--model.policy", policy, *FEW, "--model.objective", "asym_lit.objectives.nsr_full"]
    # Negative samples alone: a random policy is never right, and each of its responses has a gradient.
    whole = fit("grpo", *every, folder=tmp_path / "whole")
    part = fit("grpo", *every, "--data.rollout_steps", "2", folder=tmp_path / "part")
    assert fit("grpo", *every, "--ckpt_path", str(part), folder=tmp_path / "part") == part
    gaps = {run: scalars(run, "mismatch/max") for run in (whole, part)}
    assert list(gaps[whole]) == list(gaps[part]) == [0, 1, 2]
    assert max(*gaps[whole].values(), *gaps[part].values()) <= 1e-4
    expected, resumed = (weights(run / "checkpoints/step_000003") for run in (whole, part))
    assert all(torch.equal(value, resumed[name]) for name, value in expected.items())
    loaded = AutoModelForCausalLM.from_pretrained(part / "checkpoints/step_000003/huggingface").state_dict()
    untrained = AutoModelForCausalLM.from_pretrained(policy).state_dict()
    assert all(torch.equal(value, loaded[name]) for name, value in expected.items())
    assert any(not torch.equal(value, untrained[name]) for name, value in expected.items())


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        (
            "Gemma2",
            {**LARGE, "query_pre_attn_scalar": 32},
            "does not start with a Gemma2ForCausalLM: ValueError: There is no module or parameter named 'lm_head'",
        ),
        # It wants torchvision to read the class, no cached prefixes, and bf16.
        ("Qwen3_5Text", {}, r"vLLM \S+ does not start with a Qwen3_5ForCausalLM: .*(torchvision|Chunked prefill)"),
        # A fused weight of 64 x 32 is kept as 32 x 64, and one of 64 x 64 taken over in the wrong order, without an error.
        (
            "Qwen3Moe",
            {**EXPERTS, "moe_intermediate_size": 16},
            r"does not take weights anew for a Qwen3MoeForCausalLM: RuntimeError: The size of tensor",
        ),
        (
            "Qwen3Moe",
            {**EXPERTS, "moe_intermediate_size": 32},
            r"does not take weights anew for a Qwen3MoeForCausalLM: its log-probs of \d+ tokens are off by .* nats",
        ),
        ("Qwen2", {**LARGE, "hidden": 16}, r"does not write with a Qwen2ForCausalLM: RuntimeError: .*head_dim=8"),
    ],
    ids=["untied head", "hybrid", "experts", "square experts", "heads of 8"],
)
def test_a_policy_that_vllm_cannot_write_with_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, settings: dict[str, Any], words: str
) -> None:
    """In a process of its own: a start that failed leaves process groups of vLLM's behind."""
    monkeypatch.setenv("VLLM_CACHE_ROOT", str(tmp_path / "cache"))  # it remembers what it has read of a class
    policy = save_tiny(tmp_path / "policy", kind, **settings) if settings else save_hybrid(tmp_path / "policy", kind)
    done = run_cold(*command(tmp_path, "grpo", "--model.policy", policy, *FEW), expect=1, timeout=900)
    (line,) = [line for line in done.stderr.splitlines() if "rite HFEngine" in line]
    assert re.search(words, line)
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("run/version_0/checkpoints/*"))
