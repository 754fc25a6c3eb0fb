"""The layers that a policy is made of, whatever its class calls them, and prefixes of it that have the first few alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from torch import nn

from asym_lit.policy.layer_calls import kind_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def decoder_layers(model: nn.Module) -> nn.ModuleList:
    """A policy's decoder layers: of its outermost lists of modules the one with most weights; empty if it has no list.

    `model.layers` for most classes, `transformer.h` for GPT-2 and Falcon, `model.decoder.layers` for OPT, `backbone.layers`
    for Mamba. Lists within a layer, of experts or convolutions, are part of it.
    """
    return max(_outermost_lists(model), key=_weights, default=nn.ModuleList())


def _outermost_lists(module: nn.Module) -> Iterator[nn.ModuleList]:
    for child in module.children():
        if isinstance(child, nn.ModuleList):
            yield child
        else:
            yield from _outermost_lists(child)


def _weights(module: nn.Module) -> int:
    return sum(value.numel() for value in module.parameters())


def drawn_out(make: Callable[[], PreTrainedModel], measure: Callable[[PreTrainedModel], int]) -> int:
    """What something measured of a policy comes to over all layers, from prefixes of it: layers of one kind add the same.

    Hybrids, experts after dense layers and windows beside full attention are kinds of their own; each is measured where it
    stands first, as the difference that this layer makes.

    Args:
        make: Makes the policy anew; it is made once for each prefix.
        measure: Of a policy with fewer layers, which it may change.
    """
    layers = decoder_layers(whole := make())
    names = getattr(whole.config, "layer_types", None) or ()
    kinds = [(kind_of(layer), names[place] if place < len(names) else None) for place, layer in enumerate(layers)]
    known: dict[int, int] = {}

    def of_first(number: int) -> int:
        if number not in known:
            model = make()
            if number:
                del decoder_layers(model)[number:]
            known[number] = measure(model)
        return known[number]

    if len(kinds) < 2:
        return measure(whole)
    further = {kind: of_first(place + 1) - of_first(place) for kind in set(kinds[1:]) if (place := kinds.index(kind, 1))}
    return of_first(1) + sum(further[kind] for kind in kinds[1:])
