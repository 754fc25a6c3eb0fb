"""What of a policy costs time is read off its configuration."""

from __future__ import annotations

import pytest
import torch
from transformers import MixtralConfig, Qwen2Config

from asym_lit.policy.costs import costs_of
from asym_lit.policy.lora import LoRA
from asym_lit.step_times.costs import dense_costs

SIZES = {"hidden_size": 64, "num_hidden_layers": 3, "intermediate_size": 96, "num_attention_heads": 4, "vocab_size": 50}


def test_a_dense_policy_costs_its_matrices() -> None:
    """Its norms, biases and rotary tables are a hundredth of them or less."""
    config = Qwen2Config(**SIZES, num_key_value_heads=2, tie_word_embeddings=True)
    found, by_hand = costs_of(config, generated_in=torch.float32), dense_costs(3, 64, 4, 2, 16, 96, 50, tied=True)
    assert (found.products, found.head) == (by_hand.products, by_hand.head)
    assert (found.attended, found.cached, found.number_bytes) == (3 * 4 * 16, 2 * 3 * 2 * 16, 4)
    assert found.weights == pytest.approx(by_hand.weights, rel=0.01)
    assert found.trained == found.weights


def test_a_token_meets_the_experts_it_visits() -> None:
    """2 of 8, beside attention and router."""
    config = MixtralConfig(**SIZES, num_key_value_heads=2, num_local_experts=8, num_experts_per_tok=2)
    attention, router, expert = 64 * 16 * (2 * 4 + 2 * 2), 8 * 64, 3 * 64 * 96
    found = costs_of(config)
    assert found.products == 3 * (attention + router + 2 * expert)
    assert found.weights > 3 * 8 * expert


def test_with_adapters_these_alone_are_trained() -> None:
    pytest.importorskip("peft")
    found = costs_of(Qwen2Config(**SIZES, num_key_value_heads=2), LoRA(r=2))
    assert found.only_adapters
    assert 0 < found.trained < 0.2 * found.weights
