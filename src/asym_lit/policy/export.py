"""Export: a policy's weights out of any strategy, into an engine or a Hugging Face directory.

A directory is written layer by layer, so nobody ever holds a sharded policy whole. What becomes of weights in an engine is the
engine's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from asym_lit.model_files import SINGLE
from asym_lit.policy.adapter_merging import merged_weights, unwrapped
from asym_lit.policy.decoder_layers import decoder_layers
from asym_lit.policy.weight_shards import SHARD_BYTES, WeightShards

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
    if not is_writer:
        for _ in named_weights(model):
            pass
        return
    plan = ExportPlan(model)
    plan.write_settings(tokenizer, directory)
    plan.write_weights(named_weights(model), directory)


class ExportPlan:
    """What the files of a policy hold, and in which portions it is written; no weight is read for it.

    Of tied weights files hold one. Where transformers makes several tensors of one weight, or one of several, it does so layer
    by layer; if that would give other names than for all weights at once, they are written at once.

    Args:
        model: Sharded or not, with adapters or not; it is read only here and in `write_settings`, but for the shapes of layers.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        state = model.state_dict(keep_vars=True)
        plain = {wrapped.plain: state[name] for name, wrapped in unwrapped(model, state).items()}
        kept = _untied(model, plain)
        layer_of = {
            id(value): place
            for place, layer in enumerate(decoder_layers(model))
            for value in layer.state_dict(keep_vars=True).values()
        }
        self._portions = {name: (layer_of.get(id(plain[name]), -1), name not in kept) for name in plain}
        shapes = {name: torch.empty(value.shape, dtype=value.dtype, device="meta") for name, value in plain.items()}
        parts = [name for portion in self._portion(shapes.items()) for name in self._as_stored(portion)]
        whole = self._as_stored({name: shapes[name] for name in shapes if name in kept})
        if sorted(parts) != sorted(whole):
            self._portions = {name: (0, name not in kept) for name in plain}

    def write_settings(self, tokenizer: PreTrainedTokenizerBase, directory: Path) -> None:
        """Configurations and tokenizer."""
        directory.mkdir(parents=True, exist_ok=True)
        self._model.save_pretrained(directory, state_dict={})
        with suppress(FileNotFoundError):
            (directory / SINGLE).unlink()  # of no weights
        tokenizer.save_pretrained(directory)

    def write_weights(self, weights: Iterable[tuple[str, Tensor]], directory: Path) -> None:
        """Weights as `named_weights` gives them, in its order."""
        shards = WeightShards(directory, SHARD_BYTES)
        for portion in self._portion(weights):
            shards.add(self._as_stored(portion))
        shards.close()

    def _portion(self, weights: Iterable[tuple[str, Tensor]]) -> Iterator[dict[str, Tensor]]:
        stored = ((name, value) for name, value in weights if not self._portions[name][1])
        for _, portion in groupby(stored, key=lambda pair: self._portions[pair[0]][0]):
            yield dict(portion)

    def _as_stored(self, portion: Mapping[str, Tensor]) -> dict[str, Tensor]:
        from transformers.core_model_loading import revert_weight_conversion

        return revert_weight_conversion(self._model, dict(portion))


def _untied(model: PreTrainedModel, plain: Mapping[str, Tensor]) -> set[str]:
    """The names that files hold: of tied weights one, by transformers' choice, made on stand-ins that are tied alike."""
    from transformers.modeling_utils import remove_tied_weights_from_state_dict

    ignored = model._keys_to_ignore_on_save or ()
    stand_ins: dict[int, Tensor] = {}
    named = {name: stand_ins.setdefault(id(value), torch.zeros(1)) for name, value in plain.items() if name not in ignored}
    return set(remove_tied_weights_from_state_dict(named, model))
