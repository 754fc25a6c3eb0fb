"""What a policy and its optimizer keep in memory, from its configuration alone: nothing is loaded.

What a step takes beside is in `activations`, and what generating does in `cache_bytes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from asym_lit.policy.decoder_layers import decoder_layers
from asym_lit.policy.lora import LoRA, add_adapters

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel


@dataclass(frozen=True, slots=True)
class PolicySize:
    """Numbers of weights, and their bytes as they are kept."""

    weights: int
    """Number of all weights; a tied head counts once."""
    weight_bytes: int
    trained: int
    """Number of the weights that are trained."""
    trained_bytes: int
    layers: int
    """Number of decoder layers."""
    layer: int
    """Number of weights of the largest one; 0 where there are no layers."""
    outside: int
    """Number of weights outside of layers: embedding, last norm, a head of its own."""
    largest_bytes: int
    """Of the largest trained tensor."""


def empty_policy(config: PretrainedConfig, dtype: torch.dtype, lora: LoRA | None) -> PreTrainedModel:
    """A policy on the meta device."""
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(deepcopy(config), dtype=dtype)
        return add_adapters(model, lora) if lora else model


def small_policy(config: PretrainedConfig, dtype: torch.dtype, words: int) -> PreTrainedModel:
    """A policy of two layers and few words with random weights, to try an architecture on.

    Raises:
        Exception: Whatever a class raises that cannot be made so.
    """
    from transformers import AutoModelForCausalLM

    small = deepcopy(config)
    small.vocab_size, small.num_hidden_layers = min(words, config.vocab_size), 2
    if kinds := getattr(small, "layer_types", None):
        small.layer_types = (kinds * 2)[:2]
    for name in ("pad_token_id", "bos_token_id", "eos_token_id"):
        setattr(small, name, 0)
    with torch.random.fork_rng(devices=[]):
        model: PreTrainedModel = AutoModelForCausalLM.from_config(small, dtype=dtype)
    return model


def measure_policy(config: PretrainedConfig, dtype: torch.dtype, lora: LoRA | None = None) -> PolicySize:
    """The size of a policy from its configuration alone."""
    model = empty_policy(config, dtype, lora)
    parameters = list(model.parameters())
    trained = [p for p in parameters if p.requires_grad]
    layers = decoder_layers(model)
    weights = sum(p.numel() for p in parameters)
    return PolicySize(
        weights=weights,
        weight_bytes=_bytes(parameters),
        trained=sum(p.numel() for p in trained),
        trained_bytes=_bytes(trained),
        layers=len(layers),
        layer=max((sum(p.numel() for p in layer.parameters()) for layer in layers), default=0),
        outside=weights - sum(p.numel() for p in layers.parameters()),
        largest_bytes=max(_bytes([p]) for p in trained),
    )


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(t.numel() * t.element_size() for t in tensors)


def optimizer_bytes(make_optimizer: Callable[[list[nn.Parameter]], torch.optim.Optimizer], dtype: torch.dtype) -> float:
    """Bytes of optimizer state per weight, from one step of it on a small square of weights."""
    parameter = nn.Parameter(torch.zeros(64, 64, dtype=dtype))
    optimizer = make_optimizer([parameter])
    parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    state: Any = optimizer.state[parameter]
    return _bytes(t for t in state.values() if isinstance(t, Tensor) and t.dim()) / parameter.numel()
