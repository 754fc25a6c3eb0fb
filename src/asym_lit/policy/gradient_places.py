"""Gradients of the largest weights, added up where they stay.

autograd makes a gradient of its own for each use of a weight and adds them up afterwards. A head of 151,936 x 896 that is the
embedding too has 519 MiB: with `.grad` from an earlier micro-batch, head and embedding three times that at once. Here both
add to `.grad`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def take_adding_embedding(model: PreTrainedModel) -> None:
    """Have the plain embedding of a policy add its gradient to `.grad` itself."""
    embedding = model.get_input_embeddings()
    if type(embedding) is nn.Embedding:
        embedding.__class__ = AddingEmbedding


def is_plain(weight: Tensor) -> bool:
    """A parameter whose gradient nobody but its owner looks at.

    A part of a sharded one has rules of its own, and of several processes each waits for autograd to tell the others.
    """
    if dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1:
        return False
    plain = type(weight) is nn.Parameter and weight.is_leaf and weight.requires_grad
    return plain and not weight._backward_hooks and not weight._post_accumulate_grad_hooks


def gradient_of(weight: Tensor) -> Tensor:
    """`weight.grad`, of zeros if there was none."""
    if weight.grad is None:
        weight.grad = torch.zeros_like(weight)
    return weight.grad


class _Lookup(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, ids: Tensor, weight: Tensor, padding: int | None) -> Tensor:
        ctx.ids, ctx.weight, ctx.padding = ids, weight, padding
        return functional.embedding(ids, weight)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, None]:
        (gradient,) = gradients
        ids, rows = ctx.ids.reshape(-1), gradient.reshape(-1, gradient.shape[-1])
        if ctx.padding is not None:
            rows = rows.masked_fill((ids == ctx.padding)[:, None], 0)
        gradient_of(ctx.weight).index_add_(0, ids, rows)
        return None, None, None


class AddingEmbedding(nn.Embedding):
    """`nn.Embedding` that adds its gradient to `weight.grad` itself."""

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Rows of the weight."""
        own = self.max_norm is not None or self.scale_grad_by_freq or self.sparse
        if own or not torch.is_grad_enabled() or not is_plain(self.weight):
            return super().forward(input)
        found: Tensor = _Lookup.apply(input, self.weight, self.padding_idx)
        return found
