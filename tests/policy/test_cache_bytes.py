"""What generating keeps of a row, against the tensors of a real cache."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from asym_lit.model_caches import cache_argument
from asym_lit.policy.activations import MicroBatchShape, activation_bytes
from asym_lit.policy.cache_bytes import cache_bytes
from asym_lit.policy.size import measure_policy
from asym_lit.types import InputError, Needs
from fakes import tiny_policy
from model_kinds import tiny
from tiny_classes import tiny as tiny_class

WIDTH = 12


def storages_of(value, found):
    """Of all tensors in a cache, however nested; each once."""
    if isinstance(value, Tensor):
        found[value.untyped_storage().data_ptr()] = value.untyped_storage().nbytes()
    elif isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            storages_of(part, found)
    elif type(value).__module__.startswith("transformers.cache_utils"):
        storages_of(vars(value), found)
    return found


def test_keys_and_values_of_each_token_are_counted():
    config = tiny_policy().config
    # Two layers, one key-value head of 8 numbers, keys and values.
    assert cache_bytes(config, torch.bfloat16, WIDTH) == WIDTH * 2 * 2 * 1 * 8 * 2
    assert cache_bytes(config, torch.float32, 2 * WIDTH) == 2 * WIDTH * 2 * 2 * 1 * 8 * 4


@pytest.mark.parametrize(
    "model",
    [
        lambda: tiny("GPT2"),
        lambda: tiny("OPT"),
        lambda: tiny("DeepseekV3"),  # keeps one latent vector for keys and values
        lambda: tiny("Qwen3Moe"),
        lambda: tiny_class("Mamba"),
        lambda: tiny_class("Qwen3_5Text"),
        lambda: tiny_class("Qwen3_5Text", num_hidden_layers=8, layer_types=[*["linear_attention"] * 3, "full_attention"] * 2),
    ],
    ids=["GPT2", "OPT", "latent", "experts", "Mamba", "hybrid", "hybrid of eight"],
)
def test_a_cache_takes_what_a_real_one_takes(model):
    policy = model()
    with torch.no_grad():
        cache = getattr(policy(input_ids=torch.ones(1, WIDTH, dtype=torch.long), use_cache=True), cache_argument(policy))
    assert cache_bytes(policy.config, torch.float32, WIDTH) == sum(storages_of(cache, {}).values()) > 0


def test_a_class_without_a_cache_keeps_nothing():
    assert cache_bytes(tiny_class("Rwkv").config, torch.float32, WIDTH) == 0


@pytest.mark.parametrize("model", [lambda: tiny("GPT2"), lambda: tiny("OPT"), lambda: tiny("Qwen3Moe"), lambda: tiny("Jamba")])
def test_passes_of_any_class_take_memory(model):
    config = model().config
    size = measure_policy(config, torch.float32)
    assert (size.layers, size.weights) == (2, sum(value.numel() for value in model().parameters()))
    assert 0 < size.outside < size.weights
    few, many = (activation_bytes(config, torch.float32, MicroBatchShape(rows, 4, 4), Needs()) for rows in (4, 8))
    assert 1.2 * few < many < 2.5 * few


def test_a_class_whose_passes_hang_on_numbers_is_refused_by_name():
    from transformers import JetMoeConfig

    config = JetMoeConfig(
        vocab_size=64, hidden_size=32, num_hidden_layers=2, num_key_value_heads=2, kv_channels=8, intermediate_size=48,
        num_local_experts=4, num_experts_per_tok=2,
    )  # fmt: skip
    with pytest.raises(
        InputError, match=r"The memory of a JetMoeForCausalLM cannot be found without running it.*rollout_steps 2"
    ):
        cache_bytes(config, torch.float32, WIDTH)
    with pytest.raises(InputError, match="The memory of a JetMoeForCausalLM"):
        activation_bytes(config, torch.float32, MicroBatchShape(1, 4, 4), Needs())
