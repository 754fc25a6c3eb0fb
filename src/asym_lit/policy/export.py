"""Export: a policy's weights out of any strategy, into an engine or a Hugging Face directory.

What becomes of them is the engine's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor, nn

from asym_lit.policy.adapter_merging import merged_weights

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def named_weights(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """All weights by their Hugging Face names, gathered one by one if they are sharded.

    A collective: every rank must walk through all of it. From `state_dict()`, not `named_parameters()`: the latter
    leaves out a tied LM head, and an engine would then keep its old one. Adapters are added to what they adapt.
    """
    yield from merged_weights(model, model.state_dict())


def save_policy(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, directory: Path, is_writer: bool = True) -> None:
    """Write a policy as a Hugging Face directory (safetensors). A collective: call it on every rank.

    Args:
        model: Sharded or not.
        tokenizer: Saved beside it.
        directory: Made if missing.
        is_writer: True on the one rank that writes.
    """
    weights = {name: value.detach().cpu() for name, value in named_weights(model)}
    if is_writer:
        directory.mkdir(parents=True, exist_ok=True)
        model.save_pretrained(directory, state_dict=weights)
        tokenizer.save_pretrained(directory)
