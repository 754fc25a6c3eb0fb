from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import Qwen2Config, cache_utils
from transformers.cache_utils import DynamicCache

from asym_lit.model_caches import CACHE_NAMES, arguments_of, cache_argument, may_be_padded, select_rows
from fakes import tiny_policy
from tiny_classes import tiny

ROWS = torch.tensor([1, 1, 0])


class Old(torch.nn.Module):
    def forward(self, input_ids: Any, past_key_values: Any = None, **more: Any) -> None:
        """As transformers named it up to 5.19."""


class New(Old):
    def forward(self, input_ids: Any, cache: Any = None, past_key_values: Any = None, **more: Any) -> None:  # type: ignore[override]
        """Both, for a while."""


class Without(torch.nn.Module):
    def forward(self, input_ids: Any, state: Any = None) -> None:
        """A state that is passed in its own way."""


def test_a_cache_is_handed_over_under_the_newest_name_that_a_class_knows() -> None:
    assert [cache_argument(made()) for made in (Old, New, Without)] == ["past_key_values", "cache", None]
    assert cache_argument(tiny_policy()) in CACHE_NAMES
    assert "more" not in arguments_of(Old())


@pytest.mark.filterwarnings("error")
def test_the_name_is_not_a_deprecated_one() -> None:
    model = tiny_policy().eval()
    name = cache_argument(model)
    assert name is not None
    ids = torch.tensor([[3, 4]])
    out = model(input_ids=ids, use_cache=True)
    assert model(input_ids=ids[:, :1], use_cache=True, **{name: getattr(out, name)}).logits.shape == (1, 1, 13)


def test_rows_are_taken_out_of_keys_and_values() -> None:
    cache = DynamicCache()
    cache.update(torch.arange(2.0).view(2, 1, 1, 1), torch.arange(2.0).view(2, 1, 1, 1), 0)
    select_rows(cache, ROWS)
    assert cache.layers[0].keys.flatten().tolist() == [1, 1, 0]


def test_rows_are_taken_out_of_a_cache_of_fixed_length_which_has_only_the_older_method() -> None:
    cache = cache_utils.StaticCache(config=tiny("Qwen2").config, max_cache_len=4)
    cache.update(
        torch.arange(16.0).view(2, 4, 1, 2), torch.arange(16.0).view(2, 4, 1, 2), 0, {"cache_position": torch.tensor([0])}
    )
    expected = cache.layers[0].keys[ROWS].clone()
    select_rows(cache, ROWS)
    assert torch.equal(cache.layers[0].keys, expected) and expected.abs().sum() > 0


@pytest.mark.parametrize("kind", ["Lfm2", "Mamba", "Qwen3_5Text"])
def test_rows_are_taken_out_of_states(kind: str) -> None:
    model = tiny(kind)
    ids = torch.tensor([[3, 4, 5], [6, 7, 8]])
    name = cache_argument(model)
    cache = getattr(model(input_ids=ids, use_cache=True), str(name))
    before = cache.layers[0].conv_states
    first = before[0] if isinstance(before, dict) else before
    expected = first[ROWS].clone()
    select_rows(cache, ROWS)
    after = cache.layers[0].conv_states
    assert torch.equal(after[0] if isinstance(after, dict) else after, expected)


def test_only_keys_and_values_token_by_token_may_be_padded() -> None:
    for kind, bears in (("Qwen2", True), ("Mistral", True), ("Gemma3Text", True), ("Lfm2", False), ("Jamba", False)):
        config = tiny(kind).config
        assert may_be_padded(DynamicCache(config=config), config) is bears, kind


def test_a_layer_or_a_cache_that_is_not_known_may_not_be_padded() -> None:
    class Block(cache_utils.DynamicLayer):
        """Something more than keys and values."""

    class Further(DynamicCache):
        """Likewise."""

    config = Qwen2Config(num_hidden_layers=1)
    cache = DynamicCache(config=config)
    assert may_be_padded(cache, config)
    cache.layers[0] = Block()
    assert not may_be_padded(cache, config)
    assert not may_be_padded(Further(config=config), config)


def test_chunks_of_attention_may_not_be_padded() -> None:
    from transformers import Llama4TextConfig

    config = Llama4TextConfig(num_hidden_layers=1, attention_chunk_size=8)
    assert not may_be_padded(DynamicCache(config=config), config)
