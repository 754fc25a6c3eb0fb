"""What of a policy costs time, from its configuration alone: nothing is loaded.

What is made of it is in `step_times/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from asym_lit.policy.decoder_layers import decoder_layers
from asym_lit.policy.lora import LoRA
from asym_lit.policy.size import empty_policy
from asym_lit.step_times.costs import PolicyCosts

if TYPE_CHECKING:
    from transformers import PretrainedConfig


def costs_of(config: PretrainedConfig, lora: LoRA | None = None, generated_in: torch.dtype = torch.bfloat16) -> PolicyCosts:
    """The costs of a policy.

    Layers count all their matrices; of experts the share that a token visits. Attention counts keys of the whole row, which is
    more than windows look at.

    Args:
        config: Of the policy.
        lora: The adapters, if these are what is trained.
        generated_in: Of the engine's weights and cache.
    """
    model = empty_policy(config, torch.float32, lora)
    text = config.get_text_config(decoder=True)
    parameters = list(model.parameters())
    layers = decoder_layers(model)
    heads = getattr(text, "num_attention_heads", None) or 0  # none in a policy without attention
    head_size = getattr(text, "head_dim", None) or text.hidden_size // max(heads, 1)
    kv_heads = getattr(text, "num_key_value_heads", None) or heads
    return PolicyCosts(
        products=sum(_visited(layer, text) for layer in layers),
        head=text.vocab_size * text.hidden_size,
        attended=len(layers) * heads * head_size,
        cached=2 * len(layers) * kv_heads * head_size,
        weights=sum(p.numel() for p in parameters),
        trained=sum(p.numel() for p in parameters if p.requires_grad),
        number_bytes=generated_in.itemsize,
    )


def _visited(layer: nn.Module, config: PretrainedConfig) -> float:
    """Weights of a layer that a token is multiplied with."""
    numbers = (getattr(config, name, 0) for name in ("num_experts", "num_local_experts", "n_routed_experts"))
    experts = next((number for number in numbers if number), 1)
    share = (getattr(config, "num_experts_per_tok", 0) or experts) / experts
    matrices = ((f".{name}", parameter.numel()) for name, parameter in layer.named_parameters() if parameter.dim() > 1)
    return sum(number * (share if ".experts." in name else 1.0) for name, number in matrices)
