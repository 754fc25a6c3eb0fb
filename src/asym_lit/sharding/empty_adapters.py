"""Adapters for an empty policy: real ones, with the very numbers that they have beside real weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import nn

from asym_lit.policy.lora import LoRA, add_adapters

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def add_real_adapters(model: PreTrainedModel, lora: LoRA) -> PreTrainedModel:
    """`add_adapters` to a policy on the meta device; adapters are made on the CPU, and are whole.

    peft makes them where the weight is that they adapt. So each weight has a stand-in meanwhile: one number, read as many
    times as the weight has numbers.

    Raises:
        InputError: If peft is missing or refuses the policy, or the policy has none of the named layers.
    """
    with _stand_ins(model):
        return add_adapters(model, lora)


@contextmanager
def _stand_ins(model: nn.Module) -> Iterator[None]:
    made: dict[int, nn.Parameter] = {}
    own: dict[int, nn.Parameter] = {}
    for module in model.modules():
        for name, value in module._parameters.items():
            if value is not None and value.is_meta:
                if id(value) not in made:
                    stand_in = nn.Parameter(torch.zeros((), dtype=value.dtype).expand(value.shape), value.requires_grad)
                    made[id(value)], own[id(stand_in)] = stand_in, value
                module._parameters[name] = made[id(value)]
    try:
        yield
    finally:
        for module in model.modules():
            for name, value in module._parameters.items():
                if value is not None and id(value) in own:
                    own[id(value)].requires_grad_(value.requires_grad)
                    module._parameters[name] = own[id(value)]
