"""Linear layers by oneDNN where that is quicker than the library that torch asks by itself.

For products in fp32 torch asks MKL, which on processors that are not Intel's takes instructions half as wide as theirs are:
105 GFLOP/s of a core that makes 220 (torch 2.13, MKL 2024.2, EPYC with AVX-512), forward and backward alike. oneDNN is part
of torch too, and takes the wide ones. Sums are rounded in another order, by 1e-7 of their terms.

Which one is taken hangs on processor and sizes alone, never on a measurement: a resumed run, another rank and another pass
over the same rows must round alike. Half precision goes to oneDNN anyway.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

LEAST_ROWS, LEAST_WEIGHTS = 16, 1 << 18
"""Of a product with a layer. Below, what is won is lost by moving weights into blocks, which many rows share; and oneDNN keeps
buffers of its own for each shape: the bundled policy took 170 MiB more for a step that was 10 % shorter."""
CPU_FACTS = Path("/proc/cpuinfo")


@cache
def has_wider_products() -> bool:
    """Whether this processor has instructions that MKL leaves out."""
    parts = torch.backends.mkl.is_available() and torch.backends.mkldnn.is_available()
    if not parts or torch.backends.cpu.get_cpu_capability() != "AVX512" or not CPU_FACTS.exists():
        return False
    return "GenuineIntel" not in CPU_FACTS.read_text(encoding="utf-8", errors="replace")


def take_wider_products(model: nn.Module) -> None:
    """Have the plain linear layers of a model make their large products by oneDNN, where that is quicker here."""
    if has_wider_products():
        for module in model.modules():
            if type(module) is nn.Linear:
                module.__class__ = WideLinear


def _product(left: Tensor, right: Tensor, bias: Tensor | None = None) -> Tensor:
    """`left @ right.T + bias`, of any strides."""
    return torch.ops.mkldnn._linear_pointwise(left, right, bias, "none", [], "")


def takes_wide(given: Tensor, weights: int) -> bool:
    """Whether `wide_product` is quicker than `torch.mm` for these rows and so many weights, gradients too."""
    fits = given.dtype == torch.float32 and given.device.type == "cpu"
    return fits and has_wider_products() and _is_large(len(given), weights)


def wide_product(left: Tensor, right: Tensor) -> Tensor:
    """`left @ right` by oneDNN, without a gradient."""
    return _product(left, right.t())


def _is_large(rows: int, weights: int) -> bool:
    return rows >= LEAST_ROWS and weights >= LEAST_WEIGHTS


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, given: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(given, weight)
        return _product(given, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        given, weight = ctx.saved_tensors
        (gradient,) = gradients
        rows = gradient.reshape(-1, gradient.shape[-1])
        wants_given, wants_weight, wants_bias = ctx.needs_input_grad
        return (
            _product(gradient, weight.t()) if wants_given else None,
            _product(rows.t(), given.reshape(-1, given.shape[-1]).t()) if wants_weight else None,
            rows.sum(0) if wants_bias else None,
        )


class WideLinear(nn.Linear):
    """`nn.Linear`, with large products of plain fp32 tensors on a CPU by oneDNN."""

    @override
    def forward(self, input: Tensor) -> Tensor:
        """`input @ weight.T + bias`."""
        weight = self.weight
        rows = input.numel() // max(input.shape[-1], 1)
        # A tensor of another type (of a simulated device, of a part of a sharded weight) has rules of its own.
        plain = type(input) is Tensor and type(weight) in (Tensor, nn.Parameter) and input.device.type == "cpu"
        fits = plain and _is_large(rows, weight.numel())
        if not fits or not (input.dtype == weight.dtype == torch.float32) or torch.is_autocast_enabled("cpu"):
            if plain and input.dim() > 2 and not input.is_contiguous():
                # torch would copy the weights for each of the first dimension: last tokens of 24 prompts, 24 heads of 54 MB.
                rows_NI = input.reshape(-1, input.shape[-1])
                return functional.linear(rows_NI, weight, self.bias).unflatten(0, input.shape[:-1])
            return functional.linear(input, weight, self.bias)
        return _Linear.apply(input, weight, self.bias)
