"""The trial of adapters: before the first batch, merged weights must do what the adapters do, in every kind of layer.

Classes differ in ways nobody can list: a layer stored [in, out], experts stacked in one tensor, a router that answers with
a tuple, a weight that its parent reads past the adapter. So each kind of layer is run: with random adapters, and without
them on the weights that an export would hold. Both on the inputs that the layer has in the policy itself.

Layers, not the whole policy, since that needs no second copy of it: one layer at a time is widened to fp32 and merged, and
of equal layers only the first. 48 alike layers of bf16 would also add up rounding to as much as one wrong layer gives.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from asym_lit.policy.adapter_merging import ADAPTER, is_wrapper, merged_weights, unwrapped
from asym_lit.policy.layer_calls import Call, first_calls, first_line, kind_of, layers_of, undisturbed
from asym_lit.policy.lora import LoRA, add_adapters, instead, linear_names
from asym_lit.types import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

DRAWS = 3
"""A wrong merge is wrong in all of them. In fp32 a tie among experts can fall the other way in one."""
SIZES, SEEN = (1.0, 30.0, 1000.0), 1e-3
"""Adapters are made so many times as large as the weights until a layer's outputs change by this part of what they are."""
OF_EFFECT, OF_OUTPUT = 0.05, 3e-6
"""Allowed difference: of what the adapters change (a wrong merge is off by about all of it), and fp32 rounding."""


def add_tried_adapters(model: PreTrainedModel, lora: LoRA) -> PreTrainedModel:
    """`add_adapters`, and the trial of them; all weights and generators are as without it, to the bit.

    Raises:
        InputError: If the policy cannot take the adapters, or would be exported as another than the one trained.
    """
    candidates = lora.target_modules or linear_names(model)
    plain = model.state_dict()
    kinds = {name: kind_of(layer) for name, layer in layers_of(model)}
    with undisturbed(model):
        calls = first_calls(model, kinds)
    add_adapters(model, lora)
    with undisturbed(model):
        faults = _names_at_fault(model, plain) | _idle(model, kinds, calls)
        for name, call in calls.values():
            faults |= _at_fault(model.get_submodule(name), name, call)
    if faults:
        names, reason = ", ".join(sorted(faults)), faults[min(faults)]
        rest = [name for name in candidates if name not in faults]
        raise InputError(f"{type(model).__name__} cannot be trained by adapters on {names} ({reason}). {instead(rest)}")
    return model


def _names_at_fault(model: nn.Module, plain: Mapping[str, Tensor]) -> dict[str, str]:
    """Names that an export would not have or have too much, and tied weights of which one name alone has an adapter."""
    state = model.state_dict()
    found = {wrapped.plain: (state[name].shape, wrapped.wrappers) for name, wrapped in unwrapped(model, state).items()}
    faults = {}
    for name in plain.keys() | found.keys():
        if name not in found or name not in plain or plain[name].shape != found[name][0]:
            faults[_last(name.rpartition(".")[0])] = f"{name} would not be exported as it is without adapters"
    tied: dict[Hashable, set[str]] = {}
    for name, value in plain.items():
        tied.setdefault((value.data_ptr(), value.shape) if value.numel() else name, set()).add(name)
    wrappers = {name: frozenset(id(model.get_submodule(path)) for path in paths) for name, (_, paths) in found.items()}
    for names in tied.values():
        if len({wrappers.get(name) for name in names}) > 1:
            adapted = [name for name in names if wrappers.get(name)]
            faults |= {_last(name.rpartition(".")[0]): f"one weight in {' and '.join(sorted(names)[:2])}" for name in adapted}
    return faults


def _idle(model: nn.Module, kinds: Mapping[str, Hashable], calls: Mapping[Hashable, tuple[str, Call]]) -> dict[str, str]:
    """Adapters in layers that are not called when the policy reads tokens."""
    called = tuple(f"{name}." for name, kind in kinds.items() if kind in calls)
    paths = (path for path, module in model.named_modules() if is_wrapper(module))
    return {_last(path): "never called" for path in paths if not f"{path}.".startswith(called)}


def _at_fault(layer: nn.Module, name: str, call: Call) -> dict[str, str]:
    """The last names of adapted modules in a layer whose merged weights do something else, and what was found."""
    wrappers: dict[str, Any] = {path: module for path, module in layer.named_modules() if is_wrapper(module)}
    groups: dict[str, list[str]] = {}
    for path in wrappers:
        outermost = next(other for other in wrappers if f"{path}.".startswith(f"{other}.".lstrip(".")))
        groups.setdefault(_last(f"{name}.{outermost}".rstrip(".")), []).append(path)
    if not groups:
        return {}
    everything = [*layer.parameters(), *layer.buffers()]
    with _holding((value, value.data.float()) for value in everything if value.is_floating_point()):
        with _bypassed(wrappers.values()):
            plain = call.outputs(layer)
        reasons = {last: _difference(layer, call, plain, wrappers, paths) for last, paths in groups.items()}
    return {last: reason for last, reason in reasons.items() if reason}


def _difference(layer: nn.Module, call: Call, plain: list[Tensor], wrappers: Mapping[str, Any], paths: list[str]) -> str:
    """How far merged weights are from random adapters on the named modules; empty if they agree in one draw."""
    reason = ""
    for draw in range(DRAWS):
        for times in SIZES:
            generator = torch.Generator("cpu").manual_seed(draw)
            ups = [_random_up(wrappers[path], generator, times) for path in paths]
            try:
                adapted, merged = _both(layer, call, wrappers, dict(zip(paths, ups, strict=True)))
            except Exception as fault:  # said in the refusal
                return first_line(fault)
            size = max(value.abs().max().item() for value in plain)
            effect, seen, off = _off(adapted, plain), _off(merged, plain), _off(adapted, merged)
            if max(effect, seen) > SEEN * size:
                break
        if off <= OF_EFFECT * effect + OF_OUTPUT * size:
            return ""
        reason = reason or f"merged, it is off by {off:.2g} where the adapter changes {effect:.2g}"
    return reason


def _off(some: list[Tensor], others: list[Tensor]) -> float:
    """The largest difference; infinite where one alone is not a number."""
    pairs = ((one.nan_to_num(torch.inf), other.nan_to_num(torch.inf)) for one, other in zip(some, others, strict=True))
    return max((one - other).abs().max().item() for one, other in pairs)


def _both(
    layer: nn.Module, call: Call, wrappers: Mapping[str, Any], ups: Mapping[str, Tensor]
) -> tuple[list[Tensor], list[Tensor]]:
    """What a layer answers with these B, all others at 0: by its adapters, and by its merged weights."""
    with _holding((wrappers[path].lora_B[ADAPTER].weight, up) for path, up in ups.items()):
        with _bypassed(module for path, module in wrappers.items() if path not in ups):
            adapted = call.outputs(layer)
        prefixes = tuple(f"{path}.".lstrip(".") for path in ups)
        state = {name: value for name, value in layer.state_dict().items() if name.startswith(prefixes)}
        own = dict(layer.named_parameters(remove_duplicate=False)) | dict(layer.named_buffers(remove_duplicate=False))
        names, weights = unwrapped(layer, state), merged_weights(layer, state)
        pairs = [(own[name], value) for name, (_, value) in zip(names, weights, strict=True)]
        if any(held.shape != value.shape for held, value in pairs):
            raise ValueError("merged weights have another shape")
        with _bypassed(wrappers.values()), _holding(pairs):
            return adapted, call.outputs(layer)


def _random_up(wrapper: Any, generator: torch.Generator, times: float) -> Tensor:
    """A B that changes the weights by so many times of what they are."""
    down, up = wrapper.lora_A[ADAPTER].weight, wrapper.lora_B[ADAPTER].weight
    weight = getattr(wrapper.get_base_layer(), getattr(wrapper, "parameter_name", "weight"))
    rank = wrapper.r[ADAPTER]
    size = weight.float().std() / (wrapper.scaling[ADAPTER] * rank**0.5 * down.float().std())
    return (
        times
        * torch.randn(up.shape, generator=generator, dtype=torch.float32, device="cpu").to(up.device)
        * (size if size > 0 else 1.0)
    )


@contextmanager
def _bypassed(wrappers: Iterable[Any]) -> Iterator[None]:
    """Each wrapper answers as the layer in it, so that the policy is the plain one. Scaled by 0 it could still fail."""
    with ExitStack() as stack:
        for wrapper in wrappers:
            vars(wrapper)["forward"] = wrapper.base_layer.__call__
            stack.callback(vars(wrapper).pop, "forward")
        yield


@contextmanager
def _holding(pairs: Iterable[tuple[Tensor, Tensor]]) -> Iterator[None]:
    """Tensors with other contents for as long as this lasts; their own are put back, not computed anew."""
    with ExitStack() as stack:
        for held, value in pairs:
            stack.callback(setattr, held, "data", held.data)
            held.data = value
        yield


def _last(path: str) -> str:
    return path.rpartition(".")[2]
