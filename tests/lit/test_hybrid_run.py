"""A policy with recurrent layers trains with the embedded engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from asym_lit.policy.characters import character_tokenizer
from runs import scalars
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
