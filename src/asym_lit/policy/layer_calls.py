"""Layers of a policy, told apart by what is in them, and the inputs that they have when it reads a few tokens."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves, tree_map

from asym_lit.types import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TOKENS = 8


@dataclass(frozen=True, slots=True)
class Call:
    """The inputs of a layer."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def outputs(self, layer: nn.Module) -> list[Tensor]:
        """What a layer answers, in fp32; inputs are copied, since it may write into them."""
        args, kwargs = tree_map(_fresh, (self.args, self.kwargs))
        found = tree_leaves(layer(*args, **kwargs))
        return [value.float() for value in found if isinstance(value, Tensor) and value.is_floating_point()]


def _fresh(value: Any) -> Any:
    if not isinstance(value, Tensor):
        return value
    return value.float().clone() if value.is_floating_point() else value.clone()


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; modes and generators are given back as they were."""
    modes = [(module, module.training) for module in model.modules()]
    devices = {parameter.device for parameter in model.parameters() if parameter.is_cuda}
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=sorted(devices, key=str)):
            model.eval()
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def layers_of(module: nn.Module, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Decoder layers (the entries of outermost lists), and what stands beside them, such as a projection of embeddings."""
    children = list(module.named_children())
    if not children:
        yield name, module
    for key, child in children:
        path = f"{name}.{key}".lstrip(".")
        if isinstance(child, nn.ModuleList):
            yield from ((f"{path}.{place}", entry) for place, entry in enumerate(child))
        else:
            yield from layers_of(child, path)


def kind_of(layer: nn.Module) -> Hashable:
    """Equal for layers of the same modules and shapes."""
    modules = tuple((name, type(module)) for name, module in layer.named_modules())
    return modules, tuple((name, tuple(value.shape)) for name, value in layer.state_dict().items())


def first_calls(model: PreTrainedModel, kinds: Mapping[str, Hashable]) -> dict[Hashable, tuple[str, Call]]:
    """For each kind, the layer that is called first when the policy reads a few tokens, and how."""
    found: dict[Hashable, tuple[str, Call]] = {}
    embedding: Any = model.get_input_embeddings()
    ids = torch.randint(len(embedding.weight), (1, TOKENS), generator=torch.Generator("cpu").manual_seed(0), device="cpu")
    with ExitStack() as hooks:
        for name, kind in kinds.items():

            def keep(_: Any, args: Any, kwargs: Any, name: str = name, kind: Hashable = kind) -> None:
                found.setdefault(kind, (name, Call(*tree_map(_fresh, (args, kwargs)))))

            hooks.callback(model.get_submodule(name).register_forward_pre_hook(keep, with_kwargs=True).remove)
        try:
            model(input_ids=ids.to(embedding.weight.device), use_cache=False)
        except Exception as fault:
            raise InputError(f"{type(model).__name__} does not run on {TOKENS} tokens: {first_line(fault)}") from fault
    return found


def first_line(fault: Exception) -> str:
    """A fault in one line."""
    return f"{type(fault).__name__}: {(str(fault).splitlines() or [''])[0]}"
