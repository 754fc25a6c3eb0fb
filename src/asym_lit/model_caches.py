"""Caches of Hugging Face models: how one is handed over, and what may be done to its rows. Nothing of a class by name."""

from __future__ import annotations

from inspect import Parameter, signature
from typing import Any

from torch import Tensor

CACHE_NAMES = ("cache", "past_key_values", "cache_params")
"""Of the argument, newest first: transformers renames the latter two to the first, and drops them in 5.40."""


def arguments_of(model: Any) -> frozenset[str]:
    """The named arguments of a model's forward pass."""
    kinds = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    return frozenset(p.name for p in signature(type(model).forward).parameters.values() if p.kind in kinds)


def cache_argument(model: Any) -> str | None:
    """The name under which a model takes its cache and gives it back; None if it has none that we know."""
    return next((name for name in CACHE_NAMES if name in arguments_of(model)), None)


def select_rows(cache: Any, rows_B: Tensor, method: str | None = None) -> None:
    """Keep these rows of a cache, in this order; a row may be taken several times.

    Args:
        cache: Changed in place.
        rows_B: Numbers of rows.
        method: Of the cache's class; None for the one that all of its layers have.
    """
    if method is None:
        layers = getattr(cache, "layers", [])
        method = "batch_select_indices" if all(hasattr(one, "batch_select_indices") for one in layers) else "reorder_cache"
    getattr(cache, method)(rows_B)


def may_be_padded(cache: Any, config: Any) -> bool:
    """Whether all that a cache holds are keys and values token by token, which a mask can hide.

    Recurrent and convolution states, and blocks of several tokens, have the padding in them. Of a class that is not one
    of these it is taken that it has, too.

    Args:
        cache: As the model makes it.
        config: Of the model; chunks of attention are counted from the first place, padding included.
    """
    from transformers import cache_utils

    plain: list[Any] = [cache_utils.DynamicLayer, cache_utils.DynamicSlidingWindowLayer]
    plain += [cache_utils.DummyLayer] if hasattr(cache_utils, "DummyLayer") else []  # from 5.20 or so on
    text_config = config.get_text_config(decoder=True)
    chunked = getattr(text_config, "attention_chunk_size", None) is not None
    return type(cache) is cache_utils.DynamicCache and not chunked and all(type(layer) in plain for layer in cache.layers)
