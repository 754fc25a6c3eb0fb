"""Low-rank adapters: a policy of which only small matrices are trained, and which is its own reference without them.

How much memory they save is in `size` and `activations`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from asym_lit.types import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ADAPTER = "default"
"""Peft's name of the one adapter there is."""
_BASE, _DOWN, _UP = ".base_layer.", f".lora_A.{ADAPTER}.weight", f".lora_B.{ADAPTER}.weight"


@dataclass(frozen=True)  # no slots: jsonargparse reads vars() of it
class LoRA:
    """Low-rank adapters (arXiv 2106.09685): `W + (alpha / r) B A` with W frozen; B starts at 0, so nothing has changed yet.

    Adapters are kept in fp32 whatever the dtype of the policy: in bf16 the small steps of reinforcement learning round to
    nothing. There is no dropout, for an unchanged policy would not agree with itself.

    Args:
        r: Rank of the adapters.
        alpha: Strength; what is added is scaled by alpha / r.
        target_modules: Names of the linear layers that get one, such as q_proj; none for all but the LM head.
        seed: Of A's random start; the same on all processes.
    """

    r: int = 32
    alpha: float = 64.0
    target_modules: list[str] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.r < 1:
            raise InputError(f"lora.r is {self.r}; allowed: 1 or more. Leave lora out to train all weights.")
        if self.alpha <= 0:
            raise InputError(f"lora.alpha is {self.alpha}; allowed: above 0.")


def add_adapters(model: PreTrainedModel, lora: LoRA) -> PreTrainedModel:
    """Put fresh adapters into a policy, in place, and freeze all else; torch's global generator is left as it was.

    Raises:
        InputError: If peft is missing, or the policy has none of the named layers.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as fault:
        raise InputError("model.lora needs the package peft; write: pip install 'asym_lit[lora]'.") from fault
    names = lora.target_modules
    present = {name.rpartition(".")[2] for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    unknown = sorted(set(names or ()) - present)
    if unknown or names == []:
        raise InputError(
            f"lora.target_modules names {unknown or 'nothing'}, of the policy's linear layers {sorted(present - {'lm_head'})}; "
            "leave it out for all of these."
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(lora.seed)
        config = LoraConfig(r=lora.r, lora_alpha=lora.alpha, target_modules=names or "all-linear")  # type: ignore[arg-type]
        inject_adapter_in_model(config, model, ADAPTER)
    for name, parameter in model.named_parameters():
        is_adapter = name.endswith((_DOWN, _UP))
        parameter.requires_grad_(is_adapter)
        if is_adapter:
            parameter.data = parameter.data.float()
    return model


def _adapted(model: nn.Module) -> list[Any]:
    """The layers with an adapter."""
    return [module for module in model.modules() if ADAPTER in getattr(module, "lora_A", ())]


def has_adapters(model: nn.Module) -> bool:
    """True if `add_adapters` has been there."""
    return bool(_adapted(model))


@contextmanager
def without_adapters(model: nn.Module) -> Iterator[None]:
    """The policy before training, for as long as this lasts: `W x + 0 B A x`, which is W x to the last bit."""
    layers = _adapted(model)
    for layer in layers:
        layer.set_scale(ADAPTER, 0.0)
    try:
        yield
    finally:
        for layer in layers:
            layer.set_scale(ADAPTER, 1.0)


class AdapterOff(nn.Module):
    """A scorer that answers as the policy did before training: the frozen reference, without weights of its own.

    Args:
        scorer: Of the policy with adapters.
    """

    def __init__(self, scorer: nn.Module) -> None:
        super().__init__()
        self._scorer = [scorer]  # in a list, so that it is no submodule: it is moved and frozen elsewhere

    def forward(self, *args: Any) -> Any:
        """The scorer's answer with all adapters off."""
        (scorer,) = self._scorer
        with without_adapters(scorer):
            return scorer(*args)


def whole(value: Tensor) -> Tensor:
    """A tensor, gathered if it is sharded; a collective."""
    return value.full_tensor() if isinstance(value, DTensor) else value


def merged_weights(model: nn.Module, state: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """The weights of a policy with adapters under its plain names, `W + (alpha / r) B A`, each made as it is asked for.

    The policy itself is not touched: merging into it and out again would leave rounding behind. The sum is in fp32.

    Args:
        model: With adapters.
        state: Its `state_dict()`; sharded tensors are gathered, one layer at a time.
    """
    for name, value in state.items():
        if name.endswith((_DOWN, _UP)):
            continue
        layer, is_wrapped, parameter = name.rpartition(_BASE)
        if not is_wrapped:
            yield name, whole(value)
            continue
        weight = whole(value)
        if parameter == "weight":
            down_RI, up_OR = whole(state[layer + _DOWN]), whole(state[layer + _UP])
            scale: float = model.get_submodule(layer).scaling[ADAPTER]  # type: ignore
            weight = torch.addmm(weight.float(), up_OR.float(), down_RI.float(), alpha=scale).to(weight.dtype)
        yield f"{layer}.{parameter}", weight
