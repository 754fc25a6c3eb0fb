"""Low-rank adapters: a policy of which only small matrices are trained, and which is its own reference without them.

How much memory they save is in `size` and `activations`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from asym_lit.policy.adapter_merging import ADAPTER, is_adapter_weight, is_wrapper
from asym_lit.types import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedModel


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
        InputError: If peft is missing or refuses the policy, or the policy has none of the named layers.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as fault:
        raise InputError("model.lora needs the package peft; write: pip install 'asym_lit[lora]'.") from fault
    names, present = lora.target_modules, linear_names(model)
    unknown = sorted(set(names or ()) - set(present))
    if unknown or names == []:
        raise InputError(
            f"lora.target_modules names {unknown or 'nothing'}, of the policy's linear layers {present} "
            "(all but the LM head); leave it out for all of these."
        )
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        # Said of layers that do get their adapter: stacked experts, and the [in, out] layers of GPT-2.
        warnings.filterwarnings("ignore", message=".*(rank|alpha)_pattern keys did not match")
        warnings.filterwarnings("ignore", message="fan_in_fan_out is set to")
        torch.manual_seed(lora.seed)
        config = LoraConfig(r=lora.r, lora_alpha=lora.alpha, target_modules=names or "all-linear")  # type: ignore[arg-type]
        try:
            inject_adapter_in_model(config, model, ADAPTER)
        except ValueError as fault:
            reason = str(fault).splitlines()[0]
            rest = [name for name in names or present if f"'{name}'" not in reason]
            raise InputError(f"peft puts no adapters into this {type(model).__name__}: {reason} {instead(rest)}") from fault
    for name, parameter in model.named_parameters():
        is_adapter = is_adapter_weight(name)
        parameter.requires_grad_(is_adapter)
        if is_adapter:
            parameter.data = parameter.data.float()
    return model


def linear_names(model: PreTrainedModel) -> list[str]:
    """The last names of a policy's linear layers, sorted, without the LM head; GPT-2's Conv1D is one, stored [in, out]."""
    from transformers.pytorch_utils import Conv1D

    head = model.get_output_embeddings()
    layers = ((name, module) for name, module in model.named_modules() if isinstance(module, nn.Linear | Conv1D))
    return sorted({name.rpartition(".")[2] for name, module in layers if module is not head})


def instead(names: Iterable[str]) -> str:
    """What to write so that only the named layers get an adapter."""
    listed = ", ".join(sorted(names))
    return f"Write model.lora.target_modules: [{listed}]." if listed else "Leave model.lora out to train all weights."


def _adapted(model: nn.Module) -> list[Any]:
    return [module for module in model.modules() if is_wrapper(module)]


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
