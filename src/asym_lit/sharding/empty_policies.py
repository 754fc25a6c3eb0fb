"""A policy without its weights: on the meta device, as transformers would load it, and from where each weight would come.

Which tensor of a file belongs to which weight is transformers' business. It is given the names and shapes of the files, on the
meta device, and does what it does; what it refuses is refused in the words of a plain load. Where it changes names or makes
weights of other tensors, a policy cannot be read part by part, and it is said why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from asym_lit.policy.load_faults import lacks_weights, no_attention
from asym_lit.policy.loading import Dtype, load_config, load_generation_config, locate, not_loaded_from
from asym_lit.sharding.weight_files import StoredTensor, stored_tensors

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class EmptyPolicy:
    """A policy whose parameters are on the meta device; its buffers that no file holds are real, on the CPU."""

    model: PreTrainedModel
    where: str
    """The directory it is read from, or its hub id."""
    sources: Mapping[str, StoredTensor]
    """By the names of its `state_dict()`, tied ones too."""


def empty_policy_of(policy: str, dtype: Dtype, attn_implementation: str | None = None) -> EmptyPolicy | str:
    """A policy without its weights, or why it has to be loaded whole, as the end of a sentence.

    Args:
        policy: As `locate` takes it.
        dtype: Of the weights.
        attn_implementation: Its attention by transformers' name; None for its choice.

    Raises:
        InputError: If there is no such policy, or it is no whole causal language model.
    """
    where, config = locate(policy), load_config(policy)
    if getattr(config, "quantization_config", None):
        return "its weights are quantised"
    if getattr(config, "transformers_weights", None) or getattr(type(config), "extra_files", None):
        return "its configuration names weight files of its own"
    try:
        stored = stored_tensors(where)
        if not stored:
            return "it has no safetensors files"
        if odd := [name for name, tensor in stored.items() if tensor.dtype is None]:
            return f"{odd[0]} has a dtype of its own"
        kernel = {"attn_implementation": attn_implementation} if attn_implementation else {}
        model, told = _as_loaded(config, stored, getattr(torch, dtype), kernel)
    except Exception as fault:  # whatever the code of a class may raise
        raise no_attention(attn_implementation, fault) or not_loaded_from(policy, where, fault) from fault
    if lacking := sorted(map(str, told["missing_keys"])):
        raise lacks_weights(policy, type(model).__name__, lacking)
    model.name_or_path = model.config.name_or_path = where
    generation = load_generation_config(policy)
    if generation is not None and model.can_generate():
        model.generation_config = generation
    return _sources(model, where, stored)


def _as_loaded(
    config: Any, stored: Mapping[str, StoredTensor], dtype: torch.dtype, kernel: dict[str, str]
) -> tuple[PreTrainedModel, dict[str, Any]]:
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        kind: Any = type(AutoModelForCausalLM.from_config(config, **kernel))
    given = {name: torch.empty(tensor.shape, dtype=tensor.dtype, device="meta") for name, tensor in stored.items()}
    arguments = {"config": config, "state_dict": given, "dtype": dtype, "device_map": {"": "meta"}, **kernel}
    found: tuple[PreTrainedModel, dict[str, Any]] = kind.from_pretrained(None, output_loading_info=True, **arguments)
    return found


def _sources(model: PreTrainedModel, where: str, stored: Mapping[str, StoredTensor]) -> EmptyPolicy | str:
    from transformers.core_model_loading import WeightConverter

    conversions: Any = model._weight_conversions
    if used := [one for one in conversions if isinstance(one, WeightConverter)]:
        return f"transformers makes {used[0].target_patterns[0]} of other tensors as it loads them"
    names_of: dict[int, list[str]] = {}
    for name, value in model.state_dict(keep_vars=True).items():
        names_of.setdefault(id(value), []).append(name)
    sources: dict[str, StoredTensor] = {}
    for names in names_of.values():
        held = [name for name in names if name in stored]
        if not held:
            return f"its files have another name for {names[0]}"
        sources |= dict.fromkeys(names, stored[held[0]])
    for target, source in model.all_tied_weights_keys.items():
        if target in stored and source in stored:
            return f"its files hold {target}, which is tied to {source}, a second time"
    _make_buffers(model)
    if left := [name for name, buffer in model.named_buffers() if buffer.is_meta and name not in sources]:
        return f"its buffer {left[0]} is made in a way of its own"
    return EmptyPolicy(model, where, sources)


def _make_buffers(model: PreTrainedModel) -> None:
    """Buffers that no file holds, on the CPU, by the very function that transformers has them made by."""

    def fill(owner: Any, module: nn.Module) -> None:
        for child in module.children():
            fill(child if hasattr(child, "_init_weights") else owner, child)
        lacking = {name for name in module._non_persistent_buffers_set if module._buffers.get(name) is not None}
        if lacking:
            for name in lacking:
                module._buffers[name] = torch.empty_like(_given(module._buffers[name]), device="cpu")
            owner._init_weights(module)  # its parameters are without contents, or marked as loaded

    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        fill(model, model)


def _given(value: Tensor | None) -> Tensor:
    assert value is not None
    return value
