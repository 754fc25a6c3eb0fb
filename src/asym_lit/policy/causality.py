"""Whether a token's hidden state hangs on later tokens: seen from two rows that begin alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from asym_lit.shapes import Float
from asym_lit.types import InputError

ROUNDING = 1e-4
"""Largest movement by rounding in fp32, as a share of the largest hidden state."""


def check_causal(
    model: nn.Module, hidden_BSH: Float[Tensor, "B S H"], again: Callable[[], Float[Tensor, "B S H"]], shared: int
) -> None:
    """Refuse a policy of which the hidden states of what two rows share differ, whatever follows there.

    In half precision a difference may be one of rounding (experts multiply as many rows as are sent to them), or be hidden in
    it: a random XLNet reads all tokens and moves by 0.012, where one bit of bf16 is 0.008. Then it is looked at in fp32.

    Args:
        model: Has a name.
        hidden_BSH: Of the two rows, as the model read them.
        again: Has it read them again.
        shared: How many of their first tokens are the same.

    Raises:
        InputError: If they differ.
    """
    moved, size = _movement(hidden_BSH, shared)
    if moved > 0 and any(value.is_floating_point() and value.dtype.itemsize < 4 for value in model.parameters()):
        with in_fp32(model):
            moved, size = _movement(again(), shared)
    if moved > ROUNDING * size:
        raise InputError(
            f"The policy is a {type(model).__name__}, whose hidden states hang on later tokens: they move by {moved:.2g} with "
            f"these (allowed: {ROUNDING * size:.1g}), so its log-probs would be of tokens it has read. Allowed: causal "
            "language models; a BERT-like one is causal with is_decoder: true in its config.json."
        )


def _movement(hidden_BSH: Float[Tensor, "B S H"], shared: int) -> tuple[float, float]:
    one_SH, other_SH = hidden_BSH[:, :shared].float()
    return float((one_SH - other_SH).abs().max()), float(one_SH.abs().max())


@contextmanager
def in_fp32(model: nn.Module) -> Iterator[None]:
    """Weights and buffers of half precision are fp32 for as long as this lasts; then they are the same tensors again."""
    narrow = [value for value in (*model.parameters(), *model.buffers()) if value.is_floating_point() and value.itemsize < 4]
    before = [value.data for value in narrow]
    try:
        for value in narrow:
            value.data = value.data.float()
        yield
    finally:
        for value, data in zip(narrow, before, strict=True):
            value.data = data
