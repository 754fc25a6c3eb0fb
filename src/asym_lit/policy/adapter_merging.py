"""Merging: what the weights of a policy with adapters are under its plain names. How adapters get there is in `lora.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

ADAPTER = "default"
"""Peft's name of the one adapter there is."""
_BASE, _DOWN, _UP = "base_layer", f"lora_A.{ADAPTER}.weight", f"lora_B.{ADAPTER}.weight"


def is_adapter_weight(name: str) -> bool:
    """True for the name of an A or a B."""
    return f".{name}".endswith((f".{_DOWN}", f".{_UP}"))


def is_wrapper(module: object) -> bool:
    """True for a layer with an adapter."""
    return ADAPTER in getattr(module, "lora_A", ())


def whole(value: Tensor) -> Tensor:
    """A tensor, gathered if it is sharded; a collective."""
    return value.full_tensor() if isinstance(value, DTensor) else value


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A weight of a policy with adapters."""

    plain: str
    """Its name without adapters."""
    wrappers: tuple[str, ...]
    """The layers whose adapters are added to it. Stacked experts stand in one wrapper per parameter, each in the next."""


def unwrapped(model: nn.Module, names: Iterable[str]) -> dict[str, Wrapped]:
    """What the names of a `state_dict()` are without adapters; adapters' own are left out."""
    modules = dict(model.named_modules(remove_duplicate=False))
    found = {}
    for name in names:
        if is_adapter_weight(name):
            continue
        plain: list[str] = []
        around: list[str] = []
        parts, start = name.split("."), 0
        for place, part in enumerate(parts):
            path = ".".join(parts[:place])
            if part == _BASE and is_wrapper(modules.get(path)):
                around.append(path)
                start = place + 1
            else:
                plain.append(part)
        own = ".".join(parts[start:])
        adapting = (path for path in around if getattr(modules[path], "parameter_name", "weight") == own)
        found[name] = Wrapped(".".join(plain), tuple(adapting))
    return found


def merged_weights(model: nn.Module, state: Mapping[str, Tensor]) -> Iterable[tuple[str, Tensor]]:
    """The weights of a policy with adapters under its plain names, `W + (alpha / r) B A`, each made as it is asked for.

    The policy itself is not touched: merging into it and out again would leave rounding behind. The sum is in fp32.

    Args:
        model: With adapters. How strong they are is asked now, tensors are read later: meanwhile it may be its own reference.
        state: Its `state_dict()`; sharded tensors are gathered, one layer at a time.
    """
    weights = unwrapped(model, state)
    paths = {path for wrapped in weights.values() for path in wrapped.wrappers}
    layers: dict[str, Any] = {path: model.get_submodule(path) for path in paths}
    scales = {path: float(layer.scaling[ADAPTER]) for path, layer in layers.items()}

    def merged() -> Iterator[tuple[str, Tensor]]:
        for name, wrapped in weights.items():
            weight = whole(state[name])
            for path in wrapped.wrappers:
                down, up = (whole(state[f"{path}.{part}".lstrip(".")]) for part in (_DOWN, _UP))
                weight = _merged(layers[path], scales[path], weight, down.float(), up.float())
            yield wrapped.plain, weight

    return _Again(merged)


@dataclass(frozen=True, slots=True)
class _Again(Iterable[tuple[str, Tensor]]):
    """Gone through more than once: a disk may be full the first time."""

    begin: Callable[[], Iterator[tuple[str, Tensor]]]

    def __iter__(self) -> Iterator[tuple[str, Tensor]]:
        return self.begin()


def _merged(layer: Any, scale: float, weight: Tensor, down: Tensor, up: Tensor) -> Tensor:
    """`W + (alpha / r) B A`, laid out as the layer keeps W."""
    if weight.dim() == 3:  # a stack of experts, each with r rows of A and, interleaved, r columns of B
        down_ERI, up_OER = down.unflatten(0, (len(weight), -1)), up.unflatten(1, (-1, len(weight))).mT
        is_in_out = getattr(layer.get_base_layer(), "is_transposed", False)  # transformers' word for [expert, in, out]
        delta = torch.einsum("oer,eri->eio" if is_in_out else "oer,eri->eoi", up_OER, down_ERI)
        return torch.add(weight.float(), delta, alpha=scale).to(weight.dtype)
    if layer.fan_in_fan_out:
        return torch.addmm(weight.float(), down.T, up.T, alpha=scale).to(weight.dtype)
    return torch.addmm(weight.float(), up, down, alpha=scale).to(weight.dtype)
